import { render } from 'svelte/server'
import { expect, test } from 'vitest'
import './browser'
import Bill from '../../src/ops/Bill.svelte'
import { instant, lately, minute, second, together } from '../../src/ops/times'

test('the console counts 24 hours, where people count twice twelve too', () => {
  const [night, evening] = [Date.parse('2026-11-23T00:05:09Z'), Date.parse('2026-11-23T21:05:09Z')]
  expect([second(night), second(evening)]).toEqual(['00:05:09', '21:05:09'])
  expect(minute(evening)).toBe('21:05')
  expect(instant(evening)).toBe('Nov 23, 21:05:09')
})

test('the day stands with a time when it is another one than today', () => {
  const now = Date.parse('2026-11-23T21:05:09Z')
  expect(lately(now - 3_600_000, now)).toBe('20:05:09')
  expect(lately(now - 86_400_000, now)).toBe('Nov 22, 21:05')
  expect(lately(now - 365 * 86_400_000, now)).toBe('Nov 23, 21:05')
  expect(lately(0, now)).toBe('–')
})

test('instants that stand together have the day, all of them, when one is of another day', () => {
  const now = Date.parse('2026-11-23T21:05:09Z')
  const earlier = now - 86_400_000
  expect(together([now - 1_000, now], now)(now)).toBe('21:05:09')
  expect(together([earlier, now], now)(now)).toBe('Nov 23, 21:05:09')
  expect(together([earlier, now], now)(earlier)).toBe('Nov 22, 21:05:09')
})

test('a line of the bill tells of which days it is, and for how long', () => {
  const time = { from_time: '2026-11-21T21:05:09Z', to_time: '2026-11-23T21:05:09Z' }
  const line = { id: 'one', fee: 'rental', bank: 'bnk-1', amount_minor: 300, currency: 'EUR', ...time }
  const order = { state: 'in_use', fee_lines: [{ ...line, reverses: null }], total: line }
  const now = Date.parse('2026-11-23T22:00:00Z')
  const { body } = render(Bill, { props: { order, now, waive: () => undefined } as never })
  expect(body).toContain('Nov 21, 21:05:09 – Nov 23, 21:05:09 · 2 d · bnk-1')
})
