/** The words of the pages in the reader's language, and numbers as written there. */

import type { en as couriers } from '../courier/words_en'
import { MINOR_DIGITS } from '../protocol/generated'
import { en } from './en'
import { filled, type Values } from './filled'
import { zh } from './zh'

export type Language = 'en' | 'zh'
export type Key = keyof typeof en | keyof typeof couriers

export const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', zh: '中文' }
type Words = Partial<Record<Key, string>>
const WORDS: Record<Language, Words> = { en, zh }
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

/** Returns the words of a key, with its blanks filled in. */
export function t(key: Key, values: Values = {}): string {
  return filled(WORDS[language][key] ?? key, values, language)
}

/** Adds the words that one page has for itself. */
export function addWords(words: Readonly<Record<Language, Words>>): void {
  for (const one of ['en', 'zh'] as const) WORDS[one] = { ...WORDS[one], ...words[one] }
}

/** Tells whether there are words for this key: keys made from words of the wire may be newer than us. */
export function hasWords(key: string): key is Key {
  return key in WORDS.en
}

/** Returns the words of `prefix.word`, or the word itself when it is newer than us. */
export function named(prefix: string, word: string): string {
  const key = `${prefix}.${word}`
  return hasWords(key) ? t(key) : word.replaceAll('_', ' ')
}

/** Returns "1 bank", "3 banks". */
export function banks(count: number): string {
  return t('count.banks', { n: count })
}

/** The browser's own way of writing the chosen language, such as British English; else that of the language. */
function locale(): string {
  return navigator.languages.find((one) => one.toLowerCase().split('-')[0] === language) ?? language
}

/** Returns an amount of minor units as people write it. */
export function money(amountMinor: number, currency: string): string {
  // A browser writes some currencies, such as HUF, with fewer digits than the minor unit has.
  const digits = MINOR_DIGITS[currency] ?? 2
  const format = new Intl.NumberFormat(locale(), {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return format.format(amountMinor / 10 ** digits)
}

const TIME_FORMATS = new Map<string, Intl.DateTimeFormat>()

/** Returns an instant as the browser's locale writes it; a format is made once, since tables need many. */
export function timeAs(options: Intl.DateTimeFormatOptions, instant: string | number): string {
  const key = `${locale()} ${JSON.stringify(options)}`
  let format = TIME_FORMATS.get(key)
  if (format === undefined) TIME_FORMATS.set(key, (format = new Intl.DateTimeFormat(locale(), options)))
  return format.format(new Date(instant))
}

export function clock(instant: string | number): string {
  return timeAs({ hour: '2-digit', minute: '2-digit' }, instant)
}

export function day(instant: string | number): string {
  return timeAs({ dateStyle: 'medium' }, instant)
}

function dayAndClock(instant: string | number): string {
  return timeAs({ dateStyle: 'medium', timeStyle: 'short' }, instant)
}

/** Returns the time of an instant, and the day with it unless it is the `known` one's. */
export function moment(instant: string | number, known: string | number): string {
  return day(instant) === day(known) ? clock(instant) : dayAndClock(instant)
}

/** Returns both ends of a time, and their days with them unless both are the `known` one's. */
export function period(from: string | number, to: string | number, known: string | number): string {
  const isPlain = day(from) === day(known) && day(to) === day(known)
  return [from, to].map(isPlain ? clock : dayAndClock).join(' – ')
}

export function distance(metres: number): string {
  const far = metres >= 950
  const rounded = far ? Math.round(metres / 100) / 10 : Math.max(10, Math.round(metres / 10) * 10)
  return new Intl.NumberFormat(locale(), {
    style: 'unit',
    unit: far ? 'kilometer' : 'meter',
    unitDisplay: 'short',
  }).format(rounded)
}

/** Returns "2 hours", "90 minutes". */
export function lasting(minutes: number): string {
  return minutes % 60 === 0 ? t('count.hours', { n: minutes / 60 }) : t('count.minutes', { n: minutes })
}

/** Returns minutes and hours begun. */
export function span(ms: number): string {
  const minutes = Math.max(0, Math.ceil(ms / 60_000))
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? t('span.minutes', { n: minutes }) : t('span.hours', { h: hours, m: minutes % 60 })
}
