/** Times as the console writes them. */

import { timeAs } from '../i18n/language.svelte'
import { o } from './words'

// In a table a time is read beside others: all have one width, whatever the locale does in a sentence.
const HOURS = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const

/** Hours, minutes and seconds; an instant that is not known is a dash. */
export function second(ms: number): string {
  return known(ms, { ...HOURS, second: '2-digit' })
}

export function minute(ms: number): string {
  return known(ms, HOURS)
}

/** Day and time. */
export function instant(ms: number): string {
  return known(ms, { month: 'short', day: 'numeric', ...HOURS, second: '2-digit' })
}

/** Day and time without seconds. */
export function dayMinute(ms: number): string {
  return known(ms, { month: 'short', day: 'numeric', ...HOURS })
}

/** The time of an instant of today, and the day with it when that is another one. */
export function lately(ms: number, nowMs: number): string {
  return isToday(ms, nowMs) ? second(ms) : dayMinute(ms)
}

/** The same where there is no room for seconds. */
export function shortly(ms: number, nowMs: number): string {
  return isToday(ms, nowMs) ? minute(ms) : dayMinute(ms)
}

/** Returns how instants that stand together are written: all with the day when one of them is not of today. */
export function together(instants: readonly number[], nowMs: number): (ms: number) => string {
  return instants.every((ms) => isToday(ms, nowMs)) ? second : instant
}

function isToday(ms: number, nowMs: number): boolean {
  const day = { dateStyle: 'short' } as const
  return known(ms, day) === known(nowMs, day)
}

export function dayMonth(ms: number): string {
  return known(ms, { month: 'short', day: 'numeric' })
}

function known(ms: number, options: Intl.DateTimeFormatOptions): string {
  return Number.isFinite(ms) && ms > 0 ? timeAs(options, ms) : '–'
}

/** Seconds, minutes, hours or days, whichever says most in few words. */
export function length(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 100) return o('length.seconds', { n: seconds })
  const minutes = Math.round(seconds / 60)
  if (minutes < 100) return o('length.minutes', { n: minutes })
  const hours = Math.round(minutes / 6) / 10
  return hours < 48 ? o('length.hours', { n: hours }) : o('length.days', { n: Math.round(hours / 2.4) / 10 })
}
