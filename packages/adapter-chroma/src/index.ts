export { ChromaAdapter, type ChromaAdapterOptions } from './chroma-adapter.ts'
