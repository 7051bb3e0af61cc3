import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { likeABrowser } from './gateway'

beforeEach(() => {
  vi.resetModules()
  likeABrowser()
})
afterEach(() => vi.unstubAllGlobals())

test.each([
  [1_250, 'EUR', '€12.50'],
  [125_050, 'HUF', 'HUF 1,250.50'],
  [1_250, 'JPY', 'JP¥1,250'],
  [1_200, 'TWD', 'NT$12.00'],
])('%i minor units of %s are %s, as the platform counts them', async (minor, currency, written) => {
  const { money } = await import('../src/i18n/language.svelte')
  expect(money(minor, currency).replaceAll('\u00a0', ' ')).toBe(written)
})
