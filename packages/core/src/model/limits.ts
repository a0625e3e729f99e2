// Every bound that Holdfast puts on itself, with its reason. What a store can take is in the traits
// of its adapter; what a host may want to change is an option whose default is written here.

/**
 * Longest wait in ms for one answer of a store. A batch of the largest size takes a few seconds on
 * a loaded server; what has not answered after half a minute has usually lost its connection.
 */
export const CALL_TIMEOUT_MS = 30_000
/** Attempts of one call, the first included. With the delays below they outlive a short restart. */
export const ATTEMPTS_MAX = 5
/** Upper bound in ms of the pause after the first failed attempt; it doubles with each further one. */
export const RETRY_DELAY_MS = 200
/** The pause in ms stops growing here: a person is waiting for the answer. */
export const RETRY_DELAY_MS_MAX = 5_000
/** No further attempt starts later in ms than this after the first one: four calls that time out. */
export const RETRY_DEADLINE_MS = 120_000

/**
 * Vector components (or bytes) that are worked on before the event loop gets its turn. A million
 * components are checked in about 2 ms and encoded in about 5 ms, so that a server that embeds
 * Holdfast keeps answering.
 */
export const COMPONENTS_PER_TURN_MAX = 1_000_000
/** Nesting of metadata. Deeper is a cycle or an attack; recursion must end before the stack does. */
export const METADATA_DEPTH_MAX = 64
/** Characters of an id that a message shows. Enough to find it, short enough for a log line. */
export const ID_SHOWN_LENGTH_MAX = 100

/** Records that a checkpoint takes in one go. Small enough to be encoded within a few ms. */
export const CHECKPOINT_BATCH_RECORDS = 256
/**
 * Records that one `safePutRecords` or `safeDeleteRecords` takes. Its undo holds the records that
 * were there before in memory; 10,000 of 1,536 components are 61 MB.
 */
export const OPERATION_RECORDS_MAX = 10_000
/** Rounds of repair inside one operation. A second failure means that we do not understand. */
export const REPAIR_ROUNDS_MAX = 1
/** Callers that may wait for a lease in one process. More means that something is stuck. */
export const LEASE_WAITERS_MAX = 1_000
/** Ended operations that the history keeps. A record takes about 1 KB, in memory and on disk. */
export const HISTORY_OPERATIONS_MAX = 10_000
/** Longest entry of the journal. A plan describes collections, never records. */
export const JOURNAL_ENTRY_BYTES_MAX: number = 16 * 1024 * 1024

/**
 * Where a frame of a backup ends. Encoding one takes about 2 ms, which is how long the event loop
 * has to wait; reading one back takes two of them of memory.
 */
export const BACKUP_FRAME_BYTES: number = 512 * 1024
/** Longest frame, which one large record can make. Beyond this, it is a mistake and not a record. */
export const BACKUP_FRAME_BYTES_MAX: number = 64 * 1024 * 1024
/** Characters of a backup's id. File systems take 255 bytes per name, of which we add up to 50. */
export const BACKUP_ID_LENGTH_MAX = 128
/** How long, in ms, the backups of an abandoned operation are kept at least: a week, to look. */
export const ABANDONED_KEEP_MS: number = 7 * 24 * 60 * 60 * 1000
/**
 * How long, in ms after the last entry of a process that died, a request of its may still be under
 * way. A loaded Chroma was seen to take two seconds for the records of one request.
 */
export const REQUEST_LANDS_MS = 5_000
