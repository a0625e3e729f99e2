import assert from 'node:assert/strict'
import type { NameRules } from '../../store/adapter.ts'
import { assertHonest } from './expectations.ts'
import { type AdapterScenario, assertHolds, createFilled, namesIn, recordsOf } from './fixtures.ts'

/** Names that some stores take and others don't. */
const CANDIDATES = [
  'docs',
  'Docs',
  'DOCS',
  'docs2',
  '2docs',
  'docs-2',
  'docs_2',
  'docs.2',
  'docs 2',
  ' docs',
  'docs ',
  '-docs',
  '_docs',
  'docs..2',
  'docs/2',
  "docs'2",
  'docs"2',
  'docs%2',
  'docs;drop',
  'dócs',
  'do\u0301cs',
  '文書集',
  'select',
  'a',
  'ab',
  '127.0.0.1',
]

export const nameScenarios: readonly AdapterScenario[] = [
  {
    key: 'names.accepted',
    title: 'names that the rules allow are kept to the letter, each for its own collection',
    async run(store) {
      const names = CANDIDATES.filter((name) => isAllowed(store.traits.names, name))
      assert.ok(names.length > 0, 'the rules allow none of the usual names')
      for (const [index, name] of names.entries()) {
        await createFilled(store, name, recordsOf(1, index))
      }
      assert.deepEqual(await namesIn(store), [...names].sort())
      for (const [index, name] of names.entries()) {
        await assertHolds(store, { name }, recordsOf(1, index))
      }
    },
  },
  {
    key: 'names.lengths',
    title: 'the shortest and the longest name are kept, and differ in their last letter',
    async run(store) {
      const { lengthMin, lengthMax } = store.traits.names
      const longest = Math.min(lengthMax, 1000)
      const wanted = [lengthMin, longest].flatMap((length) =>
        ['x', 'y'].map((last) => 'n'.repeat(length - 1) + last),
      )
      const names = [...new Set(wanted)]
      for (const name of names) {
        assert.ok(isAllowed(store.traits.names, name), `the pattern refuses "${name}"`)
        await createFilled(store, name)
      }
      assert.deepEqual(await namesIn(store), [...names].sort())
    },
  },
  {
    key: 'names.outside',
    title: 'a name outside the rules is refused or kept to the letter, never changed',
    async run(store) {
      const { lengthMax } = store.traits.names
      const tooLong = lengthMax < 1000 ? ['n'.repeat(lengthMax + 1)] : []
      const names = [...CANDIDATES, ...tooLong].filter(
        (name) => !isAllowed(store.traits.names, name),
      )
      for (const name of names) {
        const creation = createFilled(store, name)
        const created = await creation.catch(() => undefined)
        if (created === undefined) {
          await assertHonest(creation, `the name "${name}"`)
          assert.deepEqual(await namesIn(store), [], `after the name "${name}" was refused`)
        } else {
          assert.deepEqual(await namesIn(store), [name])
          await store.dropCollection(created)
        }
      }
    },
  },
]

function isAllowed({ lengthMin, lengthMax, pattern }: NameRules, name: string): boolean {
  return (
    name.length >= lengthMin &&
    name.length <= lengthMax &&
    new RegExp(`^(?:${pattern})$`, 'u').test(name)
  )
}
