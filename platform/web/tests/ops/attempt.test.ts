import { expect, test } from 'vitest'
import { Attempt } from '../../src/ops/attempt'
import { Problem } from '../../src/session/api'

/** Presses as often as there are answers; returns the keys that were asked under. */
async function pressed(answers: readonly (Problem | null)[]): Promise<string[]> {
  const keys: string[] = []
  let number = 0
  const attempt = new Attempt(() => `key-${(number += 1)}`)
  for (const answer of answers)
    await attempt
      .make((key) => {
        keys.push(key)
        return answer === null ? Promise.resolve() : Promise.reject(answer)
      })
      .catch((error: unknown) => expect(error).toBe(answer))
  return keys
}

test.each([
  ['whose answer is late', new Problem(504, 'no_answer', 'repeat it with the same Idempotency-Key')],
  ['that did not get through', new Problem(0, 'unreachable', 'away')],
])('a command %s is repeated under its own key', async (_, problem) => {
  expect(await pressed([problem, problem, null])).toEqual(['key-1', 'key-1', 'key-1'])
})

test('what was refused may be asked for anew', async () => {
  expect(await pressed([new Problem(409, 'refused', 'busy'), null])).toEqual(['key-1', 'key-2'])
})

test('each dialog has a key of its own', async () => {
  const keys: string[] = []
  const ask = (key: string) => Promise.resolve(void keys.push(key))
  await new Attempt().make(ask)
  await new Attempt().make(ask)
  expect(new Set(keys).size).toBe(2)
})
