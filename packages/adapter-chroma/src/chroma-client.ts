// The part of the `chromadb` client (3.1 and later) that the adapter uses, described by its shape,
// so that clients of any copy and version of that package fit. Methods are written as methods, not
// as properties: their parameters are then compared both ways, as the real ones are narrower here
// and wider there.

/** Metadata as the client takes and gives it. `null` means: none. */
export type ChromaMetadata = Record<string, unknown>

export type ChromaInclude = 'documents' | 'metadatas' | 'embeddings' | 'uris' | 'distances'

/** What `get` answers: one column per thing that was asked for, the others empty. */
export interface ChromaGetResult {
  readonly ids: readonly string[]
  readonly embeddings: readonly (readonly number[] | Float32Array | null)[]
  readonly documents: readonly (string | null)[]
  readonly metadatas: readonly (object | null)[]
  readonly uris: readonly (string | null)[]
}

export interface ChromaQueryResult {
  readonly ids: readonly (readonly string[])[]
  readonly distances: readonly (readonly (number | null)[])[]
}

export interface ChromaRecordSet {
  ids: string[]
  embeddings?: number[][]
  metadatas?: ChromaMetadata[]
  documents?: string[]
  uris?: string[]
}

/** A collection object: it acts by the id of its collection, whatever that is called by now. */
export interface ChromaCollection {
  readonly id: string
  readonly name: string
  readonly metadata?: object | undefined
  readonly configuration: object
  readonly schema?: object | undefined
  count(): Promise<number>
  get(args: {
    ids?: string[]
    limit?: number
    offset?: number
    include?: ChromaInclude[]
  }): Promise<ChromaGetResult>
  query(args: {
    queryEmbeddings: number[][]
    nResults: number
    include?: ChromaInclude[]
  }): Promise<ChromaQueryResult>
  upsert(args: ChromaRecordSet): Promise<unknown>
  update(args: ChromaRecordSet): Promise<unknown>
  delete(args: { ids: string[] }): Promise<unknown>
  modify(args: { name?: string; metadata?: ChromaMetadata }): Promise<unknown>
}

/** A `ChromaClient` or `CloudClient`. It stays the host's: the adapter never closes it. */
export interface ChromaClientLike {
  readonly tenant: string | undefined
  readonly database: string | undefined
  version(): Promise<string>
  getMaxBatchSize(): Promise<number>
  listCollections(args: { limit: number; offset: number }): Promise<readonly ChromaCollection[]>
  getCollection(args: { name: string }): Promise<ChromaCollection>
  /** Since chromadb 3.4.3; without it, the adapter looks through the list. */
  getCollectionById?(id: string): Promise<ChromaCollection>
  createCollection(args: {
    name: string
    metadata?: ChromaMetadata
    configuration?: object
    embeddingFunction?: object | null
    schema?: object
  }): Promise<ChromaCollection>
  deleteCollection(args: { name: string }): Promise<unknown>
}
