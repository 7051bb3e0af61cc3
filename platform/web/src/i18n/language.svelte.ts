/** The words of the pages in the reader's language, and numbers as written there. */

import { en } from './en'
import { zh } from './zh'

export type Language = 'en' | 'zh'
export type Key = keyof typeof en

export const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', zh: '中文' }
const WORDS: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { en, zh }
const NAME = 'chargeloop-language'

function first(): Language {
  const chosen = localStorage.getItem(NAME)
  if (chosen === 'en' || chosen === 'zh') return chosen
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}

let language = $state<Language>(first())
document.documentElement.lang = first()

export function chosenLanguage(): Language {
  return language
}

export function chooseLanguage(next: Language): void {
  language = next
  localStorage.setItem(NAME, next)
  document.documentElement.lang = next
}

/** Returns the words of a key, with `{name}` filled in. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  return filled(WORDS[language][key], values)
}

/** Returns a text with `{name}` filled in. */
export function filled(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? `{${name}}`))
}

/** Tells whether there are words for this key: keys made from words of the wire may be newer than us. */
export function hasWords(key: string): key is Key {
  return key in en
}

/** Returns the words of `prefix.word`, or the word itself when it is newer than us. */
export function named(prefix: string, word: string): string {
  const key = `${prefix}.${word}`
  return hasWords(key) ? t(key) : word.replaceAll('_', ' ')
}

/** Returns "1 bank", "3 banks". */
export function banks(count: number): string {
  const one = new Intl.PluralRules(language).select(count) === 'one'
  return t(one ? 'count.bank' : 'count.banks', { n: count })
}

/** Returns an amount of minor units as people write it. */
export function money(amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  return format.format(amountMinor / 10 ** digits)
}

export function clock(instant: string | number): string {
  return new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' }).format(new Date(instant))
}

export function day(instant: string | number): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(new Date(instant))
}

export function distance(metres: number): string {
  const far = metres >= 950
  const rounded = far ? Math.round(metres / 100) / 10 : Math.max(10, Math.round(metres / 10) * 10)
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: far ? 'kilometer' : 'meter',
    unitDisplay: 'short',
  }).format(rounded)
}

/** Returns minutes and hours begun. */
export function span(ms: number): string {
  const minutes = Math.max(0, Math.ceil(ms / 60_000))
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? t('span.minutes', { n: minutes }) : t('span.hours', { h: hours, m: minutes % 60 })
}
