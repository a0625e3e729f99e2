import assert from 'node:assert/strict'
import { type ErrorCode, type HoldfastError, isHoldfastError } from '../../model/errors.ts'

/** The error that `promise` rejects with. Fails when it resolves. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  const nothing = Symbol('resolved')
  const error = await promise.then(
    () => nothing,
    (reason: unknown) => reason,
  )
  assert.notEqual(error, nothing, `${what} should have been rejected, but it went through`)
  return error
}

/**
 * A promise that is looked at later. Until then nobody may call it unhandled, since a scenario that
 * fails for another reason never gets there.
 */
export function begun<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}

/** A refusal that the caller can act on: one of our errors, this code, nothing changed. */
export async function assertRefused(
  promise: Promise<unknown>,
  code: ErrorCode,
  what: string,
): Promise<void> {
  const error = await assertHonest(promise, what)
  assert.equal(error.code, code, `${what} was refused with another code: ${error.message}`)
  assert.equal(error.outcome, 'unchanged', `${what} was refused, so the outcome is "unchanged"`)
  assert.equal(error.retryable, false, `${what} fails again when it is repeated unchanged`)
}

/** A rejection with one of our errors, whatever it says. */
export async function assertHonest(
  promise: Promise<unknown>,
  what: string,
): Promise<HoldfastError> {
  const error = await rejection(promise, what)
  assert.ok(
    isHoldfastError(error),
    `${what} should reject with a HoldfastError (the client's error as its cause), not ${error}`,
  )
  assert.ok(error.message.length > 0, `${what}: the error has no message`)
  return error
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
