/**
 * The rental fee that runs: what it is now, when it rises next, and where it stops.
 *
 * The same rule as the platform's (a duration of at most the free minutes costs nothing, a longer one is charged from
 * its beginning; units begun; windows of 24 h with a cap; a total cap), for showing only: the bill is made from
 * the journal.
 */

import type { TariffBody } from '../session/bodies'

type Rule = TariffBody['rental']

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

export interface RunningFee {
  readonly amountMinor: number
  /** Milliseconds after the start at which the fee rises, and to what; null when it rises no more. */
  readonly next: { readonly afterMs: number; readonly amountMinor: number } | null
}

/** Returns the price in minor units of holding one bank that long. */
export function rentalMinor(rule: Rule, durationMs: number): number {
  if (durationMs <= rule.free_minutes * MINUTE_MS) return 0
  const units = (ms: number) => Math.ceil(ms / (rule.unit_minutes * MINUTE_MS)) * rule.price.amount_minor
  let amount = units(durationMs)
  const cap = rule.cap_per_24h?.amount_minor
  if (cap !== undefined) {
    const days = Math.floor(durationMs / DAY_MS)
    amount = days * Math.min(cap, units(DAY_MS)) + Math.min(cap, units(durationMs % DAY_MS))
  }
  return Math.min(amount, rule.total_cap?.amount_minor ?? Infinity)
}

/** Returns the fee of one bank after so long. */
export function runningFee(rule: Rule, durationMs: number): RunningFee {
  const amountMinor = rentalMinor(rule, durationMs)
  return { amountMinor, next: nextRise(rule, durationMs, amountMinor) }
}

function nextRise(rule: Rule, durationMs: number, amountMinor: number): RunningFee['next'] {
  const unitMs = rule.unit_minutes * MINUTE_MS
  const freeMs = rule.free_minutes * MINUTE_MS
  // The fee can rise where a unit, a day or the free time ends; within two days it has, or it never will.
  const day = Math.floor(durationMs / DAY_MS)
  for (const first of [day * DAY_MS, (day + 1) * DAY_MS]) {
    for (let end = first; end < first + DAY_MS; end += unitMs) {
      for (const moment of [end, ...(freeMs > end && freeMs < end + unitMs ? [freeMs] : [])]) {
        if (moment < durationMs || moment < freeMs) continue
        const higher = rentalMinor(rule, moment + 1)
        if (higher > amountMinor) return { afterMs: moment, amountMinor: higher }
      }
    }
  }
  return null
}
