/** Why an order is where it is, as its user is told. */

import { hasWords, t } from '../i18n/language.svelte'
import { reasonIn } from '../protocol/reason'

/** Returns what a person is told; what the platform says itself when the reason is newer than us. */
export function toldReason(text: string): string {
  const { key, n, why } = reasonIn(text)
  if (key === 'operator') return t('rent.reason.operator', { text: why ?? '' })
  const name = `rent.reason.${key}`
  return hasWords(name) ? t(name, { n }) : text
}
