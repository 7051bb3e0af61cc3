import { expect, test } from 'vitest'
import { Followed } from '../../src/ops/followed.svelte'
import { type Trace, Trails } from '../../src/ops/live/trails'
import { Problem } from '../../src/session/api'

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
