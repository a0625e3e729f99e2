import { type ErrorCode, HoldfastError, isHoldfastError, type Outcome } from '@holdfast/core'

/** One call of the client, as messages name it. */
export interface ChromaCall {
  /** Such as `upsert`. */
  readonly method: string
  /** `read` changes nothing, whatever happens. After a failed `effect` only the server knows. */
  readonly kind: 'read' | 'effect'
  /** The collection that it is about, if there is one. */
  readonly collection?: string
}

/** What a kind of error means: read from the top, the first line that fits counts. */
interface Meaning {
  /** Name of the client's error class; it is the same in every copy of the client. */
  readonly name?: string
  /** What else the error's message has to say. */
  readonly message?: RegExp
  readonly code: ErrorCode
  readonly retryable?: true
  /** The server may have done it, or part of it, before it failed. */
  readonly uncertain?: true
  readonly sentence: (call: ChromaCall) => string
}

const MEANINGS: readonly Meaning[] = [
  {
    name: 'ChromaNotFoundError',
    code: 'COLLECTION_NOT_FOUND',
    sentence: ({ collection }) =>
      collection === undefined
        ? 'Chroma does not know the tenant or the database. Check both in the client.'
        : `Chroma has no collection "${collection}" any more, or not in this tenant and database.`,
  },
  {
    name: 'InvalidCollectionError',
    code: 'COLLECTION_NOT_FOUND',
    sentence: ({ collection }) => `Chroma has no collection "${collection}".`,
  },
  {
    name: 'ChromaUniqueError',
    code: 'COLLECTION_EXISTS',
    sentence: ({ collection }) => `Chroma already has a collection "${collection}".`,
  },
  {
    // A rename onto a name that is taken: a single node answers 500 with the words of SQLite.
    name: 'ChromaServerError',
    message: /UNIQUE constraint failed: collections\.name/,
    code: 'COLLECTION_EXISTS',
    sentence: ({ collection }) => `Chroma already has a collection "${collection}".`,
  },
  {
    // Of the class ChromaUnauthorizedError.
    name: 'ChromaAuthError',
    code: 'STORE_REJECTED',
    sentence: () => 'Chroma does not accept the credentials. Check the headers of the client.',
  },
  {
    name: 'ChromaForbiddenError',
    code: 'STORE_REJECTED',
    sentence: () =>
      'Chroma does not allow this to the credentials of the client. Give them the permission.',
  },
  {
    name: 'ChromaRateLimitError',
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    sentence: () => 'Chroma takes no more requests at the moment. Try again later.',
  },
  {
    name: 'ChromaQuotaExceededError',
    code: 'LIMIT_EXCEEDED',
    sentence: () => "It would exceed the tenant's quota. Raise the quota, or write less at once.",
  },
  {
    name: 'ChromaServerError',
    message: /^413|Payload Too Large/i,
    code: 'LIMIT_EXCEEDED',
    sentence: () =>
      'The request is larger than the server takes. Split the text of large records, or raise ' +
      "the server's max_payload_size_bytes.",
  },
  {
    name: 'ChromaClientError',
    message: /Expected a name/,
    code: 'COLLECTION_NAME_INVALID',
    sentence: ({ collection }) =>
      `Chroma takes no collection called "${collection}". Use 3 to 512 of a-z, A-Z, 0-9, ".", ` +
      '"_" and "-", with a letter or digit at both ends.',
  },
  {
    name: 'ChromaClientError',
    message: /embedding with dimension|dimensionality/,
    code: 'RECORD_INVALID',
    sentence: ({ collection }) =>
      `The collection "${collection}" has vectors of another length. Embed with its model.`,
  },
  {
    // Engine 1.0.0 keeps single values only, 1.4.4 lists as well.
    name: 'ChromaClientError',
    message: /MetadataValue/,
    code: 'RECORD_INVALID',
    sentence: () =>
      'This version of Chroma keeps no lists in metadata. Keep them as JSON text, or update Chroma.',
  },
  {
    name: 'ChromaServerError',
    message: /to compactor/,
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    uncertain: true,
    sentence: () => "Chroma's writer has stopped working. Restart the Chroma server.",
  },
  {
    name: 'ChromaServerError',
    message: /Error finding id|Error loading hnsw index/,
    code: 'STORE_REJECTED',
    sentence: ({ collection }) =>
      `The vector index of "${collection}" is damaged on the disk of the server. Rescue the ` +
      'collection before anything else is done to it.',
  },
  {
    name: 'ChromaServerError',
    message: /^501|Unimplemented|unsupported|too many SQL variables/,
    code: 'STORE_REJECTED',
    sentence: () => 'This Chroma server can not do that. Look at the cause of this error.',
  },
  {
    name: 'ChromaServerError',
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    uncertain: true,
    sentence: () => 'Chroma failed inside. Look at its log, then try again.',
  },
  {
    name: 'ChromaConnectionError',
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    uncertain: true,
    sentence: () => "Chroma can't be reached. Check that it is running at the client's address.",
  },
  // The client's own checks, and what the server calls a bad request: it has done nothing.
  ...['ChromaClientError', 'ChromaValueError', 'InvalidArgumentError'].map(
    (name): Meaning => ({
      name,
      code: 'STORE_REJECTED',
      sentence: () => 'Chroma takes the request for invalid. Look at the cause of this error.',
    }),
  ),
  {
    // The answer was cut off while it was read.
    message: /terminated|fetch failed|socket|ECONNRE|network|JSON/i,
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    uncertain: true,
    sentence: () => 'The connection to Chroma broke off. Try again.',
  },
]

const UNKNOWN: Meaning = {
  code: 'STORE_REJECTED',
  uncertain: true,
  sentence: () => 'The client failed in a way that is not known. Look at the cause of this error.',
}

/**
 * What an error of the chromadb client means. By its name and message, never by `instanceof`: there
 * may be several copies of the client. Its message holds the server's address and may hold content,
 * so it is the cause and no part of the text.
 */
export function storeError(call: ChromaCall, error: unknown): HoldfastError {
  if (isHoldfastError(error)) return error
  const { name, message } = describe(error)
  const meaning =
    MEANINGS.find(
      (line) =>
        (line.name === undefined || line.name === name) &&
        (line.message === undefined || line.message.test(message)),
    ) ?? UNKNOWN
  const uncertain = call.kind === 'effect' && meaning.uncertain === true
  const outcome: Outcome = uncertain ? 'unknown' : 'unchanged'
  return new HoldfastError(
    meaning.code,
    `${call.method} failed: ${meaning.sentence(call)}` +
      (uncertain ? ' Whether the change took effect is not known.' : ''),
    {
      outcome,
      retryable: meaning.retryable === true,
      details: {
        method: call.method,
        ...(call.collection === undefined ? {} : { collection: call.collection }),
      },
      cause: error,
    },
  )
}

/** Whether the client says that what was asked for is not there. */
export function isNotFound(error: unknown): boolean {
  return describe(error).name === 'ChromaNotFoundError'
}

function describe(error: unknown): { readonly name: string; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { name: '', message: '' }
  const { name, message } = error as { readonly name?: unknown; readonly message?: unknown }
  return { name: String(name ?? ''), message: String(message ?? '') }
}
