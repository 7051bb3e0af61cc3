/** Why an order is where it is, for operators: the platform tells it in English, and to the user. */

import { reasonIn } from '../protocol/reason'
import { second } from './times'
import { hasWords, o, told } from './words'

/** By what the words of a fact begin, where it is one of a few. */
const WORDS_OF: Readonly<Record<string, string>> = {
  ending: 'state',
  evidence: 'evidence',
  fee: 'fee',
  hand_over: 'hand-over',
  kind: 'kind',
  milestone: 'milestone',
  problem: 'problem',
  why: 'why',
}

/** Returns what an operator is told; what the platform says itself when the reason is newer than us. */
export function toldReason(text: string): string {
  const { key, n, by, why } = reasonIn(text)
  const words = `reason.${key}`
  return hasWords(words) ? o(words, { n, by: by ?? '', why: why === null ? '' : toldWhy(why, by) }) : text
}

/** Returns what stands behind a colon: what an operator wrote, or what the cabinet answered, or how it did. */
function toldWhy(why: string, by: string | null): string {
  if (by !== null) return why
  const word = why.replaceAll(' ', '_')
  if (hasWords(`because.${word}`)) return told('because', word)
  return hasWords(`outcome.${word}`) ? told('outcome', word) : toldReason(why)
}

/** Returns a fact of a journal's entry: a reason may be the platform's, or a word of the cabinet's. */
export function toldFact(name: string, value: string): string {
  if (name === 'reason') return toldWhy(value, null)
  if (name.endsWith('_ms')) return second(Number(value))
  const words = WORDS_OF[name]
  return words === undefined ? value : told(words, value)
}
