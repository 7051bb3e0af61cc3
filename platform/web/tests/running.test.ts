import { expect, test } from 'vitest'
import type { OrderView } from '../src/protocol/generated'
import { runningOf } from '../src/rent/running'
import type { OrderEvent } from '../src/session/bodies'

const M = 60_000
const at = (minute: number) => new Date(minute * M).toISOString()
const event = (type: string, minute: number, detail: Record<string, unknown> = {}): OrderEvent => ({
  id: `${type}-${String(minute)}`,
  type,
  time: at(minute),
  received: at(minute),
  quality: 'synced',
  detail,
})
const running = (state: OrderView['state'], held: number, events: readonly OrderEvent[]) =>
  runningOf({ state, banks: Array.from({ length: held }, (_, number) => `bnk-${String(number)}`), events })
const BEGUN = [event('placed', 0), event('rental_success', 10)]
const ASKED = [...BEGUN, event('return_asked', 60, { quantity: 2 }), event('return_requested', 61)]

test('the rent goes on for what is with the user, and for nothing else', () => {
  expect(running('in_use', 2, BEGUN)).toEqual({ beganMs: 10 * M, going: 2, ended: null })
  expect(running('returning', 0, ASKED)).toBeNull()
  expect(running('delivering', 0, [event('placed', 0)])).toBeNull()
})

test('who walked to a cabinet pays from when it has given out the banks', () => {
  expect(running('in_use', 1, [event('placed', 0), event('unlocked', 2)])?.beganMs).toBe(2 * M)
})

test('it goes on while nobody has accepted the return', () => {
  expect(running('return_dispatching', 2, ASKED)).toMatchObject({ going: 2, ended: null })
})

test('it ends when the first courier accepts the return, also when another one comes', () => {
  const accepted = [...ASKED, event('second_indication', 65)]
  const ended = { banks: 2, atMs: 65 * M }
  expect(running('collecting', 2, accepted)).toMatchObject({ going: 0, ended })
  const left = [...accepted, event('courier_left', 66)]
  expect(running('return_dispatching', 2, left)).toMatchObject({ going: 0, ended })
  expect(running('collecting', 2, [...left, event('second_indication', 70)])).toMatchObject({
    ended,
  })
})

test('a courier who accepted a return that came to nothing ends no rent', () => {
  const dropped = [...ASKED, event('second_indication', 65), event('return_dropped', 90)]
  expect(running('in_use', 2, dropped)).toMatchObject({ going: 2, ended: null })
  const again = [
    ...dropped,
    event('return_asked', 100, { quantity: 2 }),
    event('second_indication', 65),
    event('return_requested', 101),
  ]
  expect(running('return_dispatching', 2, again)).toMatchObject({ going: 2, ended: null })
  const accepted = [...again, event('second_indication', 103)]
  expect(running('collecting', 2, accepted)?.ended).toEqual({ banks: 2, atMs: 103 * M })
})

test('of several banks the rent goes on for those that are not to be fetched', () => {
  const accepted = [...ASKED, event('second_indication', 65)]
  expect(running('collecting', 3, accepted)).toMatchObject({ going: 1, ended: { banks: 2 } })
  const collected = [...accepted, event('banks_collected', 75), event('return_started', 75)]
  expect(running('returning', 1, collected)).toMatchObject({ going: 1, ended: null })
})
