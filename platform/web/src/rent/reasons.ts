/** Why an order is where it is, in the page's language: the platform tells it in English. */

import { hasWords, t } from '../i18n/language.svelte'

/** Returns the key of a reason's words: it is made of those before a colon, without the numbers. */
export function keyOf(reason: string): string {
  const words = reason.split(':', 1)[0]?.match(/[a-z-]+/g) ?? []
  return `rent.reason.${words.join('_')}`
}

/** Returns what a person is told; what the platform says itself when the reason is newer than us. */
export function toldReason(reason: string): string {
  const byOperator = /^opr-[^:]*: (.*)$/s.exec(reason)?.[1]
  if (byOperator !== undefined) return t('rent.reason.operator', { text: byOperator })
  const key = keyOf(reason)
  return hasWords(key) ? t(key, { n: Number(/\d+/.exec(reason)?.[0] ?? 0) }) : reason
}
