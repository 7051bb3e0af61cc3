import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { Problem } from '../src/session/api'
import { Outbox, type Outcome } from '../src/session/outbox.svelte'
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
  await vi.waitFor(() => expect(keys).toHaveLength(1))
  outbox.hurry()
  await vi.waitFor(() => expect(keys).toHaveLength(2))
  outbox.hurry()
  await vi.waitFor(() => expect(outcomes).toHaveLength(1))
  expect(new Set(keys).size).toBe(1)
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
