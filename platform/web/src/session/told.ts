/** Problems in the page's language: the gateway tells them in English, and names each with a code. */

import { hasWords, t } from '../i18n/language.svelte'
import type { Problem } from './api'

/** Returns what a person is told; what the gateway says itself when the code is newer than us. */
export function toldProblem({ status, code, message, retryAfterS, available }: Problem): string {
  if (status === 0) return t('fault.unreachable')
  const key = `problem.${code}`
  if (!hasWords(key)) return message
  return t(key, { detail: message, n: available ?? 0, seconds: retryAfterS ?? 60 })
}
