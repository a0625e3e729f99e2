import type { CallOptions } from '../store/adapter.ts'

export interface OperationOptions extends CallOptions {
  /**
   * How long to wait, in ms, while another operation holds the same collection, here or in another
   * process. 0: not at all. Default: the manager's `waitMs`.
   */
  readonly waitMs?: number
  /** The same key twice is one operation: the second call is told what the first one was. */
  readonly idempotencyKey?: string
  /** Whoever asked for it, for the history. */
  readonly actor?: string
}

export interface DeleteOptions extends OperationOptions {
  /**
   * How long, in ms, `undelete` can bring back what is deleted. 0: not at all. Default: the
   * manager's `keepForMs`.
   */
  readonly keepForMs?: number
}

export interface UndeleteOptions extends OperationOptions {
  /** Another name for the collection that comes back. Default: the one that it had. */
  readonly as?: string
}

/** Looks at what would happen, and changes nothing. */
export interface DryRunOption {
  readonly dryRun: true
}

/** Every option that one of the calls takes. */
const OPTIONS: readonly string[] = [
  ...['signal', 'waitMs', 'idempotencyKey', 'actor', 'dryRun'],
  ...['keepForMs', 'as'],
]

/**
 * Also against what only plain JavaScript can do: a misspelt `dryRun` must not delete anything.
 * @throws TypeError, RangeError
 */
export function checkOptions(options: DeleteOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `The last argument is an object of options; got ${String(options)}. Renames and clones take ` +
        'one object { from, to } before it.',
    )
  }
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`There is no option \`${unknown}\`; there are ${OPTIONS.join(', ')}.`)
  }
  const { waitMs, idempotencyKey, keepForMs } = options
  for (const [name, value] of Object.entries({ waitMs, keepForMs })) {
    if (value !== undefined && !(value >= 0)) {
      throw new RangeError(`\`${name}\` is a number of milliseconds, 0 or more; got ${value}.`)
    }
  }
  if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > 200)) {
    throw new RangeError('`idempotencyKey` has between 1 and 200 characters.')
  }
}
