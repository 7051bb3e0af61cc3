import { afterAll, expect, test, vi } from 'vitest'

vi.stubEnv('TZ', 'UTC')
vi.stubGlobal('localStorage', { getItem: () => 'en' })
vi.stubGlobal('document', { documentElement: {} })
vi.stubGlobal('navigator', { language: 'en-US', languages: ['en-US'] })
const { instant, minute, second } = await import('../../src/ops/times')
afterAll(() => void vi.unstubAllEnvs())

test('the console counts 24 hours, where people count twice twelve too', () => {
  const [night, evening] = [Date.parse('2026-11-23T00:05:09Z'), Date.parse('2026-11-23T21:05:09Z')]
  expect([second(night), second(evening)]).toEqual(['00:05:09', '21:05:09'])
  expect(minute(evening)).toBe('21:05')
  expect(instant(evening)).toBe('Nov 23, 21:05:09')
})
