/** What an alarm says, in the page's language: the gateway says it in English. */

import type { Alarm } from './alarms.svelte'
import { o, told } from './words'

/** What stands in the gateway's sentence and nowhere else in an alarm. */
export const DETAILS = {
  slot_jammed: /^slot \d+ of .* is out of order(?: and holds (\S+))?$/,
  low_stock: /has (\d+) banks? to give$/,
  bank_in_two_places: /stands in (.+) at once$/,
  bank_missing: /is in no cabinet: (?:a courier (had it last|says that it is back)|it left (\S+))$/,
  quarantine: /^(?:a message|(\d+) messages) on .+ could not be read: (.*)$/,
} as const

/**
 * Returns the sentence of an alarm; the gateway's own when it is newer than us, or of a gateway of before.
 *
 * `nameOf` returns the name of a cabinet, or its id when the name is not known.
 */
export function sentenceOf(alarm: Alarm, nameOf: (cabinet: string) => string): string {
  return sentence(alarm, nameOf) ?? alarm.text
}

function sentence({ kind, subject, part, text }: Alarm, nameOf: (cabinet: string) => string): string | null {
  if (part === undefined) return null
  const found = kind in DETAILS ? DETAILS[kind as keyof typeof DETAILS].exec(text) : null
  const [, first, second] = found ?? []
  const { id } = subject
  if (kind === 'cabinet_offline') return o('sentence.cabinet_offline', { name: nameOf(id) })
  if (kind === 'order_stuck') return o('sentence.order_stuck', { order: id, state: told('state', part) })
  if (found === null) return null
  switch (kind) {
    case 'slot_jammed': {
      const values = { slot: part, name: nameOf(id) }
      return first === undefined
        ? o('sentence.slot_jammed', values)
        : o('sentence.slot_jammed.bank', { ...values, bank: first })
    }
    case 'low_stock':
      return o('sentence.low_stock', { name: nameOf(id), n: Number(first) })
    case 'bank_in_two_places':
      return o('sentence.bank_in_two_places', {
        bank: id,
        places: (first ?? '').split(' and in ').map(nameOf).join(', '),
      })
    case 'bank_missing':
      if (second !== undefined)
        return o('sentence.bank_missing.left', { bank: part, order: id, name: nameOf(second) })
      return first === 'had it last'
        ? o('sentence.bank_missing', { bank: part, order: id })
        : o('sentence.bank_missing.said', { bank: part, order: id })
    case 'quarantine':
      return o('sentence.quarantine', {
        n: Number(first ?? 1),
        topic: part,
        fault: told('unread-for', second ?? ''),
      })
    default:
      return null
  }
}
