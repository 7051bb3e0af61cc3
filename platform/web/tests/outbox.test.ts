import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { Problem } from '../src/session/api'
import { type Kept, mayHaveArrived, Outbox, type Outcome } from '../src/session/outbox.svelte'
import { openDatabase } from '../src/storage/database'

const fresh = () => openDatabase('test', new IDBFactory())

test('a request is sent again with its own key until it is answered', async () => {
  const keys: string[] = []
  let away = 2
  const outcomes: Outcome[] = []
  const send = (_path: string, _body: unknown, key: string) => {
    keys.push(key)
    return away-- > 0 ? Promise.reject(new Problem(0, 'unreachable', 'away')) : Promise.resolve('done')
  }
  const outbox = await Outbox.open(await fresh(), 'usr-one', send, (outcome) => outcomes.push(outcome))
  await outbox.add('/v1/orders', { quantity: 1 })
  // It is sent again by itself too, so that a slow machine may see more than one attempt at first.
  await vi.waitFor(() => expect(keys.length).toBeGreaterThan(0))
  outbox.hurry()
  await vi.waitFor(() => expect(keys.length).toBeGreaterThan(1))
  outbox.hurry()
  await vi.waitFor(() => expect(outcomes).toHaveLength(1))
  expect(keys).toEqual([keys[0], keys[0], keys[0]])
  expect(outbox.waiting).toEqual([])
})

test('a request survives a reload and keeps its place', async () => {
  const database = await fresh()
  const never = () => Promise.reject(new Problem(0, 'unreachable', 'away'))
  const before = await Outbox.open(database, 'usr-one', never, () => undefined)
  await before.add('/v1/orders', 'first')
  await before.add('/v1/orders', 'second')
  before.stop()
  const sent: unknown[] = []
  const send = (_path: string, body: unknown) => Promise.resolve(sent.push(body))
  const after = await Outbox.open(database, 'usr-one', send, () => undefined)
  await vi.waitFor(() => expect(after.waiting).toEqual([]))
  expect(sent).toEqual(['first', 'second'])
  const later = await Outbox.open(database, 'usr-one', send, () => undefined)
  expect(later.waiting).toEqual([])
})

test('a refusal is an answer, and the next request follows', async () => {
  const outcomes: Outcome[] = []
  const send = (path: string) =>
    path === '/bad' ? Promise.reject(new Problem(409, 'wrong_state', 'too late')) : Promise.resolve('done')
  const outbox = await Outbox.open(await fresh(), 'usr-one', send, (outcome) => outcomes.push(outcome))
  await outbox.add('/bad', {})
  await outbox.add('/good', {})
  await vi.waitFor(() => expect(outcomes).toHaveLength(2))
  expect(outcomes.map((outcome) => outcome.problem?.code ?? null)).toEqual(['wrong_state', null])
})

test('what somebody else asked for on this device is not sent for me', async () => {
  const database = await fresh()
  const never = () => Promise.reject(new Problem(0, 'unreachable', 'away'))
  const theirs = await Outbox.open(database, 'usr-other', never, () => undefined)
  await theirs.add('/v1/orders', {})
  theirs.stop()
  const mine = await Outbox.open(database, 'usr-one', never, () => undefined)
  expect(mine.waiting).toEqual([])
})

test('who has left is sent nothing for, whatever comes of the attempt under way', async () => {
  const database = await fresh()
  const sent: unknown[] = []
  let refuse: (problem: Problem) => void = () => undefined
  const send = (_path: string, body: unknown) => {
    sent.push(body)
    return new Promise((_, reject) => (refuse = reject))
  }
  const left = await Outbox.open(database, 'usr-one', send, () => undefined)
  await left.add('/v1/orders', 'first')
  await left.add('/v1/orders', 'second')
  await vi.waitFor(() => expect(sent).toEqual(['first']))
  vi.useFakeTimers()
  left.stop()
  refuse(new Problem(401, 'session_over', 'log in again'))
  await vi.runAllTimersAsync()
  left.hurry()
  await vi.runAllTimersAsync()
  vi.useRealTimers()
  expect(sent).toEqual(['first'])
  expect(left.waiting.map((kept) => kept.body)).toEqual(['first', 'second'])
})

test('what was answered after all is done, and nothing follows it', async () => {
  const sent: unknown[] = []
  let answer: (told: unknown) => void = () => undefined
  const send = (_path: string, body: unknown) => {
    sent.push(body)
    return new Promise((resolve) => (answer = resolve))
  }
  const outcomes: Outcome[] = []
  const left = await Outbox.open(await fresh(), 'usr-one', send, (outcome) => outcomes.push(outcome))
  await left.add('/v1/orders', 'first')
  await left.add('/v1/orders', 'second')
  await vi.waitFor(() => expect(sent).toEqual(['first']))
  left.stop()
  answer('done')
  await vi.waitFor(() => expect(outcomes).toHaveLength(1))
  expect(left.waiting.map((kept) => kept.body)).toEqual(['second'])
  expect(sent).toEqual(['first'])
})

const unreached = () => Promise.reject(new Problem(0, 'unreachable', 'away'))
const reached = () => Promise.resolve()
const ages = (path: string) => path === '/v1/orders'

/** A tab whose requests go out when `reach` succeeds, and what it has sent. */
async function tab(database: IDBDatabase, reach: () => Promise<unknown>, answer: () => Promise<unknown>) {
  const sent: unknown[] = []
  const send = (_path: string, body: unknown) => {
    sent.push(body)
    return answer()
  }
  const outbox = await Outbox.open(database, 'usr-one', send, () => undefined, ages, reach)
  return { outbox, sent }
}

test('what was not sent is taken back, and no tab sends it', async () => {
  const database = await fresh()
  let reach: () => Promise<unknown> = unreached
  const first = await tab(database, () => reach(), reached)
  await first.outbox.add('/v1/orders', 'an order')
  const second = await tab(database, () => reach(), reached)
  await vi.waitFor(() => expect(second.outbox.trouble).not.toBeNull())
  const [kept] = first.outbox.waiting as readonly [Kept]
  expect(mayHaveArrived(kept)).toBe(false)
  expect(await first.outbox.takeBack(kept)).toBe(true)
  expect(first.outbox.waiting).toEqual([])
  reach = reached
  second.outbox.hurry()
  await vi.waitFor(() => expect(second.outbox.waiting).toEqual([]))
  expect([first.sent, second.sent]).toEqual([[], []])
})

test('what may have been sent, by whichever tab, is not taken back', async () => {
  const database = await fresh()
  const late = await tab(database, unreached, reached)
  await late.outbox.add('/v1/orders', 'an order')
  const [kept] = late.outbox.waiting as readonly [Kept]
  const quick = await tab(database, reached, unreached)
  await vi.waitFor(() => expect(quick.outbox.trouble).not.toBeNull())
  expect(quick.sent).toEqual(['an order'])
  expect(await late.outbox.takeBack(kept)).toBe(false)
  expect(late.outbox.waiting.map(mayHaveArrived)).toEqual([true])
})

test('what has waited for long is asked about, while the rest is sent', async () => {
  const database = await fresh()
  const before = await tab(database, unreached, reached)
  await before.outbox.add('/v1/orders', 'dropped')
  await before.outbox.add('/v1/orders', 'still wanted')
  await before.outbox.add('/v1/orders/ord-1/cancel', 'called off')
  before.outbox.stop()
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 11 * 60_000)
  const after = await tab(database, reached, reached)
  await vi.waitFor(() => expect(after.sent).toEqual(['called off']))
  await vi.waitFor(() => expect(after.outbox.waiting).toEqual(after.outbox.held))
  const [dropped, wanted] = after.outbox.held as readonly [Kept, Kept]
  expect(await after.outbox.takeBack(dropped)).toBe(true)
  await after.outbox.sendNow(wanted)
  await vi.waitFor(() => expect(after.outbox.waiting).toEqual([]))
  expect([after.sent, after.outbox.held]).toEqual([['called off', 'still wanted'], []])
  vi.restoreAllMocks()
})
