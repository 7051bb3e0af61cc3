import { expect, test } from 'vitest'
import { SCHEMAS } from '../../src/protocol/generated'
import { en } from '../../src/ops/words_en'
import { zh } from '../../src/ops/words_zh'

const blanks = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([blank]) => blank).sort()

test('both languages fill in the same', () => {
  for (const [key, text] of Object.entries(en))
    expect(blanks(zh[key as keyof typeof zh]), key).toEqual(blanks(text))
})

test.each([
  ['OrderState', 'state'],
  ['SlotState', 'slot'],
  ['JobStep', 'step'],
  ['Outcome', 'outcome'],
])('every %s has words', (schema, prefix) => {
  const words = (SCHEMAS[schema] as { enum: string[] }).enum
  expect(words.filter((word) => !(`${prefix}.${word}` in en))).toEqual([])
})
