import { cloneCollection } from './clone-collection.ts'
import { deleteCollection } from './delete-collection.ts'
import { deleteRecords } from './delete-records.ts'
import type { Operation } from './operation.ts'
import { putRecords } from './put-records.ts'
import { renameByCopy } from './rename-by-copy.ts'
import { renameCollection } from './rename-collection.ts'
import { undeleteCollection } from './undelete-collection.ts'
import { undeleteRecords } from './undelete-records.ts'

/** Every operation that a journal of ours may hold. Released kinds stay here for ever. */
export const operations: ReadonlyMap<string, Operation<never, never>> = new Map(
  [
    renameCollection,
    renameByCopy,
    cloneCollection,
    deleteCollection,
    undeleteCollection,
    putRecords,
    deleteRecords,
    undeleteRecords,
  ].map((operation) => [operation.kind, operation as unknown as Operation<never, never>]),
)
