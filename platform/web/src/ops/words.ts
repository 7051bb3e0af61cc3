/** The words of the console, which the other pages need not load. */

import { filled, type Values } from '../i18n/filled'
import { chosenLanguage, type Language } from '../i18n/language.svelte'
import { en } from './words_en'
import { zh } from './words_zh'

export type Key = keyof typeof en

const WORDS: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { en, zh }

/** Returns the words of a key, with its blanks filled in. */
export function o(key: Key, values: Values = {}): string {
  return filled(WORDS[chosenLanguage()][key], values, chosenLanguage())
}

export function hasWords(key: string): key is Key {
  return Object.hasOwn(en, key)
}

/** Returns the words of `prefix.word`, or the word itself when it is newer than us. */
export function told(prefix: string, word: string): string {
  const key = `${prefix}.${word}`
  return hasWords(key) ? o(key) : word.replaceAll('_', ' ')
}
