import { expect, test } from 'vitest'
import { detailsOf, rowsOf, servedBy } from '../../src/ops/journal'
import type { Trace } from '../../src/ops/live/trails'

const event = (id: string, type: string, time: string) => ({
  id,
  type,
  time,
  received: time,
  quality: 'synced',
  detail: {},
})
const trace = (topic: string, time: string): Trace => ({
  seq: 1,
  topic,
  atMs: 0,
  id: 'msg-1',
  type: 'chargeloop.cabinet.bank_ejected.v1',
  time,
  data: {},
  bytes: new Uint8Array(),
})
const entries = [
  event('ord-1-e1', 'order_placed', '2026-11-23T12:00:00.000Z'),
  event('ord-1-e2', 'bank_ejected', '2026-11-23T12:05:00.000Z'),
]
const trail = [trace('cl/v1/demo/cabinet/cab-0001/event', '2026-11-23T12:04:59.000Z')]

test('journal and messages are one list in the order of time', () => {
  const rows = rowsOf(entries, trail, 'all')
  expect(rows.map(({ kind, lane }) => `${kind} ${lane}`)).toEqual([
    'event rental',
    'message cabinet',
    'event cabinet',
  ])
})

test('either of them is shown alone', () => {
  expect(rowsOf(entries, trail, 'journal').map(({ kind }) => kind)).toEqual(['event', 'event'])
  expect(rowsOf(entries, trail, 'messages').map(({ kind }) => kind)).toEqual(['message'])
})

test('an entry tells what is in its parts, and nothing that is empty', () => {
  const detail = {
    command: { bank: 'bnk-1', slot: 3 },
    banks: ['bnk-1', 'bnk-2'],
    none: [],
    reason: null,
    text: '',
    door_open: false,
  }
  expect(detailsOf(detail)).toEqual([
    ['bank', 'bnk-1'],
    ['slot', '3'],
    ['banks', 'bnk-1, bnk-2'],
    ['door_open', 'false'],
  ])
  expect(detailsOf(undefined)).toEqual([])
})

test('a place is one fact, in degrees', () => {
  expect(detailsOf({ quantity: 1, location: { lat_e7: 434_520_719, lon_e7: 52_330_000 } })).toEqual([
    ['quantity', '1'],
    ['location', '43.45207, 5.23300'],
  ])
})

test('an order that has ended is told with whom it had to do last, and an open one with whom it has now', () => {
  const nobody = { cabinet: null, courier: null }
  const last = { last_cabinet: 'cab-1', last_courier: 'cou-1' }
  expect(servedBy({ ...nobody, ...last, state: 'settled' })).toEqual({ cabinet: 'cab-1', courier: 'cou-1' })
  expect(servedBy({ ...nobody, ...last, state: 'in_use' })).toMatchObject(nobody)
  expect(servedBy({ ...nobody, state: 'settled' })).toEqual(nobody)
})
