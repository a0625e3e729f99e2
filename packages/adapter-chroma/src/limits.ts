// Every bound that the adapter puts on itself, with its reason and what was measured. Measurements:
// Chroma 1.4.4 on one machine of two cores, 50,000 records of 384 components unless told otherwise.

/**
 * Records of one call of the adapter. Chroma's own limit (5,461 on a single node) is asked for and
 * kept as well; ours is smaller, so that one call ends well within core's time-out.
 */
export const BATCH_RECORDS_MAX = 1_000
/** Read and written up to 200,000 components; no embedding model comes near. */
export const DIMENSION_MAX = 65_536
/** Chroma itself has no limit; ids of this size were read and written. */
export const RECORD_ID_BYTES_MAX = 1_000_000
/** Ids per page of a walk through a collection: 50,000 ids come in about 0.3 s, 5,000 at a time. */
export const ID_PAGE_MAX = 5_000
/** Collections per page of a list. A description is about 3 kB. */
export const COLLECTION_PAGE_MAX = 100
/** Collections of one page that are asked for their dimension at the same time. */
export const DIMENSION_PROBES_MAX = 8
/** Collections whose handle and dimension are remembered. Both never change while one exists. */
export const KNOWN_COLLECTIONS_MAX = 1_000

/**
 * Bytes of JSON of one page that should be parsed in one go, which takes 4 to 7 ms per MB: all of it
 * where the answer can't be decoded while it arrives, else all but the vectors.
 */
export const PARSED_BYTES_WANTED = 800_000
/** Bytes of JSON that one page should have. Smaller ones cost server and client more per record. */
export const PAGE_BYTES_WANTED = 6_000_000
/** Bytes of an answer that are decoded before the event loop gets its turn: about 0.5 ms. */
export const BYTES_PER_TURN = 131_072
/** Records of the first page, before it is known how large they are. */
export const FIRST_PAGE_RECORDS = 32
/** Pages that are on their way while the consumer works on one. More only parse back to back. */
export const PAGES_AHEAD = 2

/**
 * Vector components of one upsert. The client encodes them in one go, at 0.27 µs each (10 ms for
 * 100 records of 384). In all, upserts of 85 records cost the server 1.5 times as much CPU time as
 * upserts of 1,000.
 */
export const UPSERT_COMPONENTS_MAX = 32_768
/** Estimated bytes of text and metadata of one upsert, for the same reason. */
export const UPSERT_TEXT_BYTES_MAX = 2_000_000
/** Largest record in bytes of JSON: Chroma answers 413 above 41,943,040 unless told otherwise. */
export const RECORD_BYTES_MAX = 40_000_000

/**
 * Shortest and longest vector that Chroma can keep under cosine. It divides by the length, whose
 * square it computes in float32: from 1e19 on that is infinite, below 1e-19 it is zero, and the
 * vector is lost either way.
 */
export const COSINE_LENGTH_MIN = 1e-18
export const COSINE_LENGTH_MAX = 1e18
