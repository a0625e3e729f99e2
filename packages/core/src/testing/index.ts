export { MemoryStore, type MemoryStoreOptions } from './memory-store.ts'
export {
  type MemoryCollectionSnapshot,
  type MemoryRecordSnapshot,
  MemoryStoreData,
  type MemoryStoreSnapshot,
} from './memory-store-data.ts'
