import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { OrderBody } from '../../src/session/bodies'
import { deliveryMs, feeSums, ordersOverTime, returnMs, spread, turnover } from '../../src/ops/figures'
import type { Order } from '../../src/ops/live/region'

const MINUTE = 60_000
const START = Date.parse('2026-11-23T00:00:00Z')

beforeEach(() => void vi.stubEnv('TZ', 'UTC'))
afterEach(() => void vi.unstubAllEnvs())

function body(
  events: readonly (readonly [string, number])[],
  amounts: readonly (readonly [string, number])[] = [],
) {
  const at = (minute: number) => new Date(START + minute * MINUTE).toISOString()
  return {
    state: 'settled',
    placed: at(0),
    events: events.map(([type, minute]) => ({ type, time: at(minute) })),
    fee_lines: amounts.map(([fee, amount_minor]) => ({ fee, amount_minor, currency: 'EUR' })),
  } as unknown as OrderBody
}

function order(state: string, placedMin: number, changedMin: number): Order {
  const [placedMs, changedMs] = [START + placedMin * MINUTE, START + changedMin * MINUTE]
  return { state, placedMs, changedMs } as unknown as Order
}

test('orders are counted where they were placed and where they ended', () => {
  const bins = ordersOverTime([order('settled', 0, 8), order('failed', 1, 3), order('in_use', 8, 9)])
  expect(bins).toHaveLength(10)
  expect(bins[0]).toMatchObject({ placed: 1, settled: 0, lost: 0 })
  expect(bins[3]).toMatchObject({ lost: 1 })
  expect(bins[8]).toMatchObject({ placed: 1, settled: 1 })
  expect(bins.reduce((sum, { placed }) => sum + placed, 0)).toBe(3)
})

test('the time of a delivery ends with the hand-over, that of a return with the last bank', () => {
  const one = body([
    ['placed', 0],
    ['rental_success', 12],
    ['return_asked', 40],
    ['bank_returned', 55],
    ['bank_returned', 60],
  ])
  expect(deliveryMs(one)).toBe(12 * MINUTE)
  expect(returnMs(one)).toBe(20 * MINUTE)
  expect(deliveryMs(body([['placed', 0]]))).toBeNull()
})

test('who walks to a cabinet has nothing delivered', () => {
  const walked = body([
    ['placed', 0],
    ['unlocked', 1],
  ])
  expect(deliveryMs(walked)).toBeNull()
})

test('a spread names its median and where nine of ten are', () => {
  const found = spread(Array.from({ length: 10 }, (_, index) => (index + 1) * MINUTE))
  expect(found).toMatchObject({ count: 10, medianMs: 5 * MINUTE, p90Ms: 9 * MINUTE })
  expect(found?.bins.reduce((sum, { count }) => sum + count, 0)).toBe(10)
  expect(spread([])).toBeNull()
})

test('turnover is for a bank and a whole day, though only a part of the day is known', () => {
  const six_hours = body([
    ['bank_ejected', 10],
    ['bank_ejected', 200],
    ['bank_ejected', 300],
  ])
  const [day, ...more] = turnover([six_hours], 4, START + 360 * MINUTE)
  expect(day).toEqual({ fromMs: START, rentals: 3, perBank: 3 })
  expect(more).toEqual([])
})

test('a few minutes are no measure of the turnover of a day', () => {
  const rented = body([['bank_ejected', 1]])
  expect(turnover([rented], 4, START + 4 * MINUTE)).toEqual([])
  expect(turnover([rented], 4, START + 60 * MINUTE)).toEqual([{ fromMs: START, rentals: 1, perBank: 6 }])
})

test.each([
  ['UTC', ['2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z'], [3, 1]],
  ['Asia/Shanghai', ['2026-11-22T16:00:00Z', '2026-11-23T16:00:00Z'], [2, 2]],
  ['America/New_York', ['2026-11-22T05:00:00Z', '2026-11-23T05:00:00Z'], [1, 3]],
])('a day is a day of the reader, in %s', (zone, days, rentals) => {
  vi.stubEnv('TZ', zone)
  const hours = [2, 14, 20, 26]
  const rented = body(hours.map((hour) => ['bank_ejected', hour * 60] as const))
  const found = turnover([rented], 4, START + 27 * 60 * MINUTE)
  expect(found.map(({ fromMs }) => fromMs)).toEqual(days.map(Date.parse))
  expect(found.map((day) => day.rentals)).toEqual(rentals)
})

test.each([
  ['UTC', '2026-11-23T00:00:00Z'],
  ['Asia/Shanghai', '2026-11-22T16:00:00Z'],
])('orders of many days are counted by days of the reader, in %s', (zone, first) => {
  vi.stubEnv('TZ', zone)
  const bins = ordersOverTime([order('settled', 60, 60), order('settled', 17 * 60, 10 * 24 * 60)])
  expect(bins[0]?.fromMs).toBe(Date.parse(first))
  expect((bins[1]?.fromMs ?? 0) - (bins[0]?.fromMs ?? 0)).toBe(24 * 60 * MINUTE)
  expect(bins[0]?.placed).toBe(zone === 'UTC' ? 2 : 1)
})

test('a day on which the clocks are put back is one day of 25 hours', () => {
  vi.stubEnv('TZ', 'Europe/Berlin')
  const day = Date.parse('2026-10-24T22:00:00Z')
  const rented = {
    ...body([]),
    placed: new Date(day).toISOString(),
    events: [{ type: 'bank_ejected', time: new Date(day + 24.5 * 60 * MINUTE).toISOString() }],
  } as unknown as OrderBody
  const [only, ...more] = turnover([rented], 1, day + 25 * 60 * MINUTE - 1)
  expect(only).toMatchObject({ fromMs: day, rentals: 1 })
  expect(more).toEqual([])
})

test('a fee that was taken back counts for nothing', () => {
  const sums = feeSums([
    body(
      [],
      [
        ['rental', 300],
        ['rental', -300],
        ['courier_out', 250],
      ],
    ),
  ])
  expect(sums).toEqual([
    { fee: 'rental', currency: 'EUR', amountMinor: 0 },
    { fee: 'courier_out', currency: 'EUR', amountMinor: 250 },
  ])
})
