import { expect, test } from 'vitest'
import { rentalMinor, runningFee } from '../src/rent/fee'
import type { TariffBody } from '../src/session/bodies'

const money = (amount_minor: number) => ({ amount_minor, currency: 'EUR' })
const rule = (
  free: number,
  unit: number,
  price: number,
  cap: number | null,
  total: number | null,
): TariffBody['rental'] => ({
  free_minutes: free,
  unit_minutes: unit,
  price: money(price),
  cap_per_24h: cap === null ? null : money(cap),
  total_cap: total === null ? null : money(total),
  buyout_after_minutes: null,
})
const S = 1_000
const M = 60 * S
const H = 60 * M

test.each([
  [300 * S, 0],
  [301 * S, 400],
  [3_600 * S, 400],
  [3_601 * S, 800],
  [8 * H, 3_200],
  [24 * H, 4_000],
  [24 * H + S, 4_400],
  [48 * H, 8_000],
  [80 * H, 9_900],
])('after %d ms the fee is the one that was checked by hand', (durationMs, amountMinor) => {
  expect(rentalMinor(rule(5, 60, 400, 4_000, 9_900), durationMs)).toBe(amountMinor)
})

test.each([
  [29, 100],
  [31, 200],
  [179, 600],
  [181, 600],
  [1_441, 700],
  [7_200, 3_000],
])('after %d minutes a tariff with a cap for each day charges so much', (minutes, amountMinor) => {
  expect(rentalMinor(rule(0, 30, 100, 600, null), minutes * M)).toBe(amountMinor)
})

test('the next step is where the fee really rises', () => {
  const terms = rule(5, 30, 100, 600, 3_000)
  for (let durationMs = 0; durationMs < 6 * 24 * H; durationMs += 7 * M + 13 * S) {
    const { amountMinor, next } = runningFee(terms, durationMs)
    expect(amountMinor).toBe(rentalMinor(terms, durationMs))
    if (next === null) {
      expect(amountMinor).toBe(3_000)
      continue
    }
    expect(next.afterMs).toBeGreaterThanOrEqual(durationMs)
    expect(rentalMinor(terms, next.afterMs)).toBe(amountMinor)
    expect(rentalMinor(terms, next.afterMs + 1)).toBe(next.amountMinor)
    expect(next.amountMinor).toBeGreaterThan(amountMinor)
  }
})
