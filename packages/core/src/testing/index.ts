export { type AdapterUnderTest, describeAdapter } from './describe-adapter.ts'
export {
  CrashError,
  type Fault,
  type FaultPlace,
  FaultPlan,
  type FaultPlanOptions,
} from './fault-plan.ts'
export { MemoryStore, type MemoryStoreOptions } from './memory-store.ts'
export {
  type MemoryCollectionSnapshot,
  type MemoryRecordSnapshot,
  MemoryStoreData,
  type MemoryStoreSnapshot,
} from './memory-store-data.ts'
export type { TestRunner } from './test-runner.ts'
export { withFaults } from './with-faults.ts'
