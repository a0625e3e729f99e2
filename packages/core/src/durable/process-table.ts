/** A process, told apart from every other one, also from a later one that has its number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in the system's own words: digits. `0` where the system doesn't tell. */
  readonly startedAt: string
  /**
   * Where its number means something: a machine since it was last started, and there a name space.
   * 16 hexadecimal digits.
   */
  readonly place: string
  /** The name of its machine, for people. */
  readonly host: string
}

/** The door to the list of running processes. */
export interface ProcessTable {
  /** The process that asks. */
  self(): Promise<ProcessIdentity>
  /**
   * `dead`: nothing of it runs or writes any more. `alive`: it has not ended. `unknown`: it can't be
   * looked up from here.
   */
  lookUp(process: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'>
}
