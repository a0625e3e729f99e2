import type { ChromaClient, CloudClient, Collection } from 'chromadb'
import type { ChromaClientLike, ChromaCollection } from '../src/chroma-client.ts'
export const a = (client: ChromaClient): ChromaClientLike => client
export const b = (client: CloudClient): ChromaClientLike => client
export const c = (collection: Collection): ChromaCollection => collection
