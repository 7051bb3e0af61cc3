import { expect, test } from 'vitest'
import { en as enCourier } from '../src/courier/words_en'
import { zh as zhCourier } from '../src/courier/words_zh'
import { en as enShared } from '../src/i18n/en'
import { filled } from '../src/i18n/filled'
import { zh as zhShared } from '../src/i18n/zh'

const en = { ...enShared, ...enCourier }
const zh = { ...zhShared, ...zhCourier }

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()

test.each([
  [0, '0 free slots'],
  [1, '1 free slot'],
  [2, '2 free slots'],
])('of %i things there is one, or there are several', (n, words) => {
  expect(filled('{n} free {n|slot|slots}', { n }, 'en')).toBe(words)
})

test('both languages have the same words', () => {
  expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort())
})

test('both languages fill in the same values', () => {
  for (const [key, text] of Object.entries(en)) {
    expect(placeholders(zh[key as keyof typeof en]), key).toEqual(placeholders(text))
  }
})

test('nothing is left without words', () => {
  for (const words of [en, zh])
    for (const [key, text] of Object.entries(words)) expect(text.trim(), key).not.toBe('')
})

test('what couriers alone are told is said on no other page, where it is not known', () => {
  const sources = import.meta.glob<string>(['../src/**/*.{ts,svelte}', '!../src/courier/**'], {
    query: '?raw',
    import: 'default',
    eager: true,
  })
  const texts = Object.values(sources)
  expect(texts.length).toBeGreaterThan(100)
  const said = Object.keys(enCourier).filter((key) => texts.some((text) => text.includes(`'${key}'`)))
  expect(said).toEqual([])
})
