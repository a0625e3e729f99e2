import type { FaultPlace, FaultPlan } from './fault-plan.ts'

/** Each step of the stream is a place to fail. `break` releases what the source holds. */
export async function* faultyStream<Item>(
  plan: FaultPlan,
  place: Omit<FaultPlace<unknown>, 'run'>,
  source: AsyncIterable<Item>,
): AsyncGenerator<Item, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let ended = false
  try {
    while (true) {
      const step = await plan.call({ ...place, run: () => iterator.next() })
      ended = step.done === true
      if (step.done) return
      yield step.value
    }
  } finally {
    if (!ended) await iterator.return?.()
  }
}
