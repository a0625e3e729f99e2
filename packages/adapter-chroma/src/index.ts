export { ChromaAdapter, type ChromaAdapterOptions } from './chroma-adapter.ts'
export type {
  ChromaClientLike,
  ChromaCollection,
  ChromaGetResult,
  ChromaInclude,
  ChromaMetadata,
  ChromaQueryResult,
  ChromaRecordSet,
} from './chroma-client.ts'
export type { FindingClient } from './collections.ts'
export { type ProtectableClient, type ProtectingManager, protect } from './protect.ts'
