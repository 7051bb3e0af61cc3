import { expect, test } from 'vitest'
import type { OrderBody } from '../../src/session/bodies'
import { deliveryMs, feeSums, ordersOverTime, returnMs, spread, turnover } from '../../src/ops/figures'
import type { Order } from '../../src/ops/live/region'

const MINUTE = 60_000
const START = Date.parse('2026-11-23T00:00:00Z')

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
  expect(day).toEqual({ day: '2026-11-23', rentals: 3, perBank: 3 })
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
