import { expect, it } from 'vitest'
import { storeNameOf } from '../../src/model/display-name.ts'
import { World } from './world.ts'

const KIND = { rename: true, identity: 'id', vectorFidelity: 'exact' } as const
const NAME = 'Verträge 契約'

async function worldWithDocs(): Promise<World> {
  const world = new World(KIND, 1)
  await world.store.createCollection({ name: 'docs', metric: 'dot', dimension: 1 })
  await world.store.putRecords({ name: 'docs' }, [{ id: 'a', vector: Float32Array.of(1) }])
  return world
}

it('a name that the store can not take is kept in the metadata, and every call takes it', async () => {
  const world = await worldWithDocs()
  const { operations } = await world.start()
  const { to } = await operations.safeRenameCollection({ from: 'docs', to: NAME })
  expect(to).toBe(storeNameOf(NAME, world.store.traits.names))
  expect(world.snapshot()[to]?.metadata).toEqual({ original_name: NAME })
  await operations.safePutRecords(NAME, [{ id: 'b', vector: Float32Array.of(2) }])
  await operations.safeDeleteRecords(NAME.normalize('NFD'), ['a'])
  await operations.safeCloneCollection({ from: NAME, to: 'copy' })
  const deleted = await operations.safeDeleteCollection(NAME)
  expect(Object.keys(world.snapshot())).toEqual(['copy'])
  await operations.undelete(deleted.operationId)
  await operations.safeRenameCollection({ from: NAME, to: 'plain' })
  expect(world.snapshot()['plain']?.metadata).toEqual({ original_name: 'plain' })
})

it('a collection of another installation is found by the display name that it has', async () => {
  const world = await worldWithDocs()
  const metadata = { original_name: NAME, owner: 'legacy' }
  await world.store.createCollection({ name: 'coll_17', metric: 'dot', dimension: 1, metadata })
  const { operations } = await world.start()
  expect(await operations.safeDeleteCollection(NAME)).toMatchObject({ collection: 'coll_17' })
})

it('a derived name keeps the letters under their accents', () => {
  const { names } = new World(KIND, 1).store.traits
  expect(storeNameOf('Müller & Söhne', names)).toMatch(/^Muller-Sohne-[0-9a-f]{16}$/)
  expect(storeNameOf('Müller & Söhne'.normalize('NFD'), names)).toBe(
    storeNameOf('Müller & Söhne'.normalize('NFC'), names),
  )
})

it('a name that was derived by another rule goes on to be found, and to be taken', async () => {
  const world = await worldWithDocs()
  const before = 'Vertra-ge-0123456789abcdef'
  const metadata = { original_name: NAME }
  await world.store.createCollection({ name: before, metric: 'dot', dimension: 1, metadata })
  const { operations } = await world.start()
  await expect(operations.safeRenameCollection({ from: 'docs', to: NAME })).rejects.toMatchObject({
    code: 'COLLECTION_EXISTS',
    details: { storeName: before },
  })
  const deleted = await operations.safeDeleteCollection(NAME)
  expect(deleted).toMatchObject({ collection: before })
  await operations.undelete(deleted.operationId)
  expect(world.snapshot()[before]?.metadata).toEqual(metadata)
})

it('a repeated delete never hits a copy that carries the display name of what is gone', async () => {
  const world = await worldWithDocs()
  const metadata = { original_name: 'docs' }
  await world.store.createCollection({ name: 'backup', metric: 'dot', dimension: 1, metadata })
  const { operations } = await world.start()
  await operations.safeDeleteCollection('docs')
  await expect(operations.safeDeleteCollection('docs')).rejects.toMatchObject({
    code: 'COLLECTION_NOT_FOUND',
  })
  expect(Object.keys(world.snapshot())).toEqual(['backup'])
})
