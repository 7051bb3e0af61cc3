import { afterEach, expect, test, vi } from 'vitest'
import { Followed } from '../../src/ops/followed.svelte'
import { type Trace, Trails } from '../../src/ops/live/trails'
import { Problem } from '../../src/session/api'

afterEach(() => vi.useRealTimers())

/** A gateway that answers when a test lets it. */
class Gateway {
  readonly asked: { answer: (state: string) => void; refuse: (problem: Problem) => void }[] = []

  ask = () => new Promise<string>((answer, refuse) => this.asked.push({ answer, refuse }))
}

test('what is heard while an answer is on its way is asked for after it', async () => {
  const gateway = new Gateway()
  const order = new Followed(gateway.ask)
  const loading = order.load()
  void order.load()
  void order.load()
  expect(gateway.asked).toHaveLength(1)
  gateway.asked[0]?.answer('in_use')
  await expect.poll(() => gateway.asked.length).toBe(2)
  gateway.asked[1]?.answer('settled')
  await loading
  expect(order.told).toBe('settled')
  expect(gateway.asked).toHaveLength(2)
})

test('a problem is told, and forgotten with the next answer', async () => {
  const gateway = new Gateway()
  const order = new Followed(gateway.ask)
  const refused = order.load()
  gateway.asked[0]?.refuse(new Problem(404, 'unknown_order', 'there is none'))
  await refused
  expect([order.told, order.problem?.status]).toEqual([null, 404])
  const answered = order.load()
  gateway.asked[1]?.answer('placed')
  await answered
  expect([order.told, order.problem]).toEqual(['placed', null])
})

const AWAY = new Problem(0, 'unreachable', 'away')

test('what could not be read is asked for again, after pauses that double, and the old state is told to be old', async () => {
  vi.useFakeTimers({ now: 50_000 })
  const gateway = new Gateway()
  const order = new Followed(gateway.ask)
  void order.load()
  gateway.asked[0]?.answer('in_use')
  await vi.advanceTimersByTimeAsync(0)
  void order.load()
  for (const [index, pauseMs] of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].entries()) {
    gateway.asked[1 + index]?.refuse(AWAY)
    await vi.advanceTimersByTimeAsync(pauseMs - 1)
    expect(gateway.asked).toHaveLength(2 + index)
    expect([order.told, order.problem, order.unreadSinceMs]).toEqual(['in_use', AWAY, 50_000])
    await vi.advanceTimersByTimeAsync(1)
    expect(gateway.asked).toHaveLength(3 + index)
  }
  gateway.asked.at(-1)?.answer('settled')
  await vi.advanceTimersByTimeAsync(60_000)
  expect([order.told, order.problem, order.unreadSinceMs]).toEqual(['settled', null, null])
  expect(gateway.asked).toHaveLength(9)
})

test('what will not pass, or nobody looks at any more, is not asked for again', async () => {
  vi.useFakeTimers()
  const gateway = new Gateway()
  const order = new Followed(gateway.ask)
  void order.load()
  gateway.asked[0]?.refuse(new Problem(404, 'unknown_order', 'there is none'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(gateway.asked).toHaveLength(1)
  void order.load()
  gateway.asked[1]?.refuse(AWAY)
  await vi.advanceTimersByTimeAsync(10)
  order.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(gateway.asked).toHaveLength(2)
})

test('each message has a number of its own to follow, however many were forgotten', () => {
  const trails = new Trails(10, 3)
  const seen = [1, 2, 3, 4, 5].map((seq) => {
    trails.add('ord-1', { seq, id: `m-${seq}`, topic: 'a' } as Trace)
    return trails.last('ord-1')
  })
  expect(seen).toEqual([1, 2, 3, 4, 5])
  expect(trails.of('ord-1')).toHaveLength(3)
  expect(trails.last('ord-2')).toBe(0)
})
