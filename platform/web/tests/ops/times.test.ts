import { expect, test } from 'vitest'
import './browser'
import { instant, lately, minute, second } from '../../src/ops/times'

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
