import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SCHEMAS, TOPICS } from '../../src/protocol/generated'
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
  ['CabinetReason', 'because'],
  ['HandOver', 'hand-over'],
  ['LegKind', 'kind'],
  ['Problem', 'problem'],
  ['Evidence', 'evidence'],
  ['HoldEnd', 'why'],
  ['JobEnd', 'why'],
])('every %s has words', (schema, prefix) => {
  const words = (SCHEMAS[schema] as { enum: string[] }).enum
  expect(words.filter((word) => !(`${prefix}.${word}` in en))).toEqual([])
})

/** Returns the values of an enumeration of the platform's, which no schema has. */
function valuesOf(name: string, file: string): string[] {
  const source = readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf-8')
  const body = source.split(`class ${name}(StrEnum):`)[1]?.split('\n\n\n')[0] ?? ''
  return [...body.matchAll(/^ {4}[A-Z0-9_]+ = "(\w+)"/gm)].map(([, value]) => value ?? '')
}

const CORE = 'platform/chargeloop/platform/core'

test('every fact of the journal has a name', () => {
  const source = readFileSync(new URL(`../../../../${CORE}/order_events.py`, import.meta.url), 'utf-8')
  const names = [...source.matchAll(/^ {4}([a-z_]+): (?!Hold$|Leg$)/gm)].map(([, name]) => name ?? '')
  expect(names.length).toBeGreaterThan(50)
  expect(names.filter((name) => !(`detail.${name}` in en))).toEqual([])
})

test.each([
  ['EventKind', `${CORE}/order_journal.py`, 'event'],
  ['FeeKind', `${CORE}/fees.py`, 'fee'],
  ['AlarmKind', `${CORE}/alarms.py`, 'alarm'],
  ['AlarmKind', `${CORE}/alarms.py`, 'sentence'],
  ['Severity', `${CORE}/alarms.py`, 'severity'],
  ['FaultKind', 'protocol/chargeloop/protocol/codec.py', 'unread-for'],
])('every %s of the platform has words (%s, %s)', (name, file, prefix) => {
  const words = valuesOf(name, file)
  expect(words.length).toBeGreaterThan(2)
  expect(words.filter((word) => !(`${prefix}.${word}` in en))).toEqual([])
})

test('all that a cabinet tells has words', () => {
  const kinds = TOPICS.cabinet_event.messages.map((type) => type.split('.')[2])
  expect(kinds.filter((kind) => !(`physical.${kind}` in en))).toEqual([])
})
