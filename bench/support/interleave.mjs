import { shuffled } from './random.mjs'

/**
 * Runs every peer once per round, in an order that is shuffled for each round, so that whatever
 * else the machine does hits all of them alike. A peer measures itself, since only it knows what is
 * preparation, and resolves with what it measured.
 *
 * @template Sample
 * @param {Readonly<Record<string, (round: number) => Promise<Sample>>>} peers
 * @param {{ readonly rounds: number, readonly random: () => number }} options
 * @returns {Promise<Record<string, Sample[]>>}
 */
export async function interleave(peers, { rounds, random }) {
  const samples = Object.fromEntries(Object.keys(peers).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of shuffled(Object.entries(peers), random)) {
      samples[name].push(await run(round))
    }
  }
  return samples
}

/**
 * How long, in ms, something takes.
 *
 * @param {() => Promise<unknown>} run
 */
export async function timed(run) {
  const startedMs = performance.now()
  await run()
  return performance.now() - startedMs
}
