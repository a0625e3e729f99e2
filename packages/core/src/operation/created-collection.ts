import { type CollectionInfo, type CollectionSpec, refOf } from '../model/collection.ts'
import { sameSpec } from '../model/same-spec.ts'
import type { BuildContext, EndContext } from './operation.ts'

/**
 * Collections that an operation builds are taken back when it fails. The note says which one is
 * ours, and is durable before the first record goes in: without it, a rollback would have to guess
 * by name and might drop what somebody else has made meanwhile.
 */

/** Creates a collection and notes its identity. */
export async function createNoted(
  context: BuildContext,
  spec: CollectionSpec,
): Promise<CollectionInfo> {
  const created = await context.store.createCollection(spec, context)
  await context.note({ created: { ...refOf(created) } })
  return created
}

/** Drops what {@link createNoted} has created. */
export async function dropCreated(context: EndContext, spec: CollectionSpec): Promise<void> {
  const created = notedCollection(context)
  if (created !== undefined) return await context.store.dropCollection(created)
  // Died between creating and noting, or never created. An empty collection just as we would have
  // made it holds nothing that could be lost, whoever made it.
  const found = await context.store.getCollection({ name: spec.name })
  if (found === undefined || !sameSpec(found, spec)) return
  if ((await context.store.countRecords(refOf(found))) > 0) return
  await context.store.dropCollection(refOf(found))
}

function notedCollection(context: EndContext): { name: string; id?: string } | undefined {
  for (const { created } of context.notes) {
    if (created !== undefined) return created as unknown as { name: string; id?: string }
  }
  return undefined
}
