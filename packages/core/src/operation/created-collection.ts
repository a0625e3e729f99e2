import {
  type CollectionInfo,
  type CollectionRef,
  type CollectionSpec,
  refOf,
} from '../model/collection.ts'
import { isHoldfastError } from '../model/errors.ts'
import { sameSpec } from '../model/same-spec.ts'
import type { BuildContext, EndContext } from './operation.ts'

/**
 * Collections that an operation builds are taken back when it fails. The note says which one is
 * ours, and is durable before the first record goes in: without it, a rollback would have to guess
 * by name and might drop what somebody else has made meanwhile.
 */

/** Creates a collection and notes its identity; and before that, that it is about to. */
export async function createNoted(
  context: BuildContext,
  spec: CollectionSpec,
): Promise<CollectionInfo> {
  await context.note({ creating: spec.name })
  const created = await createOrNote(context, spec)
  await context.note({ created: { ...refOf(created) } })
  return created
}

/** When the store refuses, whoever has the name now has not got it from us. */
async function createOrNote(context: BuildContext, spec: CollectionSpec): Promise<CollectionInfo> {
  try {
    return await context.store.createCollection(spec, context)
  } catch (error) {
    const isRefused = isHoldfastError(error) && error.outcome === 'unchanged'
    if (isRefused) await context.note({ notCreated: spec.name })
    throw error
  }
}

/** Drops what {@link createNoted} has created. */
export async function dropCreated(context: EndContext, spec: CollectionSpec): Promise<void> {
  const { creating, created, notCreated } = Object.assign({}, ...context.notes) as Notes
  if (created !== undefined) return await context.store.dropCollection(created)
  if (creating === undefined || notCreated !== undefined) return
  // Died between creating and noting. An empty collection just as we would have made it, under the
  // name that was free when we began, is ours as far as anybody can tell, and holds nothing.
  const found = await context.store.getCollection({ name: spec.name })
  if (found === undefined || !sameSpec(found, spec)) return
  if ((await context.store.countRecords(refOf(found))) > 0) return
  await context.store.dropCollection(refOf(found))
}

interface Notes {
  readonly creating?: string
  readonly created?: CollectionRef
  readonly notCreated?: string
}
