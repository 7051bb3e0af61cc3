/** What the charts show, computed from orders as the gateway tells them. */

import type { OrderBody } from '../session/bodies'
import { ENDED, type Order } from './live/region'

const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS

export interface Bin {
  readonly fromMs: number
  readonly placed: number
  readonly settled: number
  readonly lost: number
}

const BIN_STEPS_MS = [60_000, 300_000, 900_000, 3_600_000, 21_600_000, DAY_MS, WEEK_MS]
const MOST_BINS = 24

/** Returns when the reader's day of that instant began. */
function dayOf(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0)
}

/** Returns when the reader's day that is so many later begins: a day may have 23 hours, or 25. */
function daysLater(ms: number, days: number): number {
  const date = new Date(ms)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime()
}

/** Returns where spans of that length begin that hold both instants; days and weeks are the reader's. */
function spansOf(firstMs: number, lastMs: number, step: number): number[] {
  const day = dayOf(firstMs)
  const after = (ms: number) => (step < DAY_MS ? ms + step : daysLater(ms, step / DAY_MS))
  const spans: number[] = []
  let from = step < DAY_MS ? day + Math.floor((firstMs - day) / step) * step : day
  for (; from <= lastMs; from = after(from)) spans.push(from)
  return spans
}

/** Returns how many orders were placed, settled and lost in each of at most 24 spans of equal length. */
export function ordersOverTime(orders: readonly Order[]): Bin[] {
  const known = orders.filter(({ placedMs }) => placedMs > 0)
  if (known.length === 0) return []
  const first = Math.min(...known.map(({ placedMs }) => placedMs))
  const last = Math.max(...known.map(({ changedMs, placedMs }) => Math.max(changedMs, placedMs)))
  const step = BIN_STEPS_MS.find((ms) => (last - first) / ms < MOST_BINS) ?? WEEK_MS
  const bins = spansOf(first, last, step).map((fromMs) => ({
    fromMs,
    placed: 0,
    settled: 0,
    lost: 0,
  }))
  const binOf = (ms: number) => bins.findLast(({ fromMs }) => fromMs <= ms)
  for (const { placedMs, changedMs, state } of known) {
    const placed = binOf(placedMs)
    if (placed !== undefined) placed.placed += 1
    const ended = binOf(changedMs)
    if (ended === undefined || !ENDED.has(state)) continue
    if (state === 'settled') ended.settled += 1
    else ended.lost += 1
  }
  return bins
}

export interface Spread {
  readonly count: number
  readonly medianMs: number
  readonly p90Ms: number
  readonly bins: readonly { readonly fromMs: number; readonly count: number }[]
}

const SPREAD_STEPS_MS = [60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 14_400_000, DAY_MS]
const MOST_SPREAD_BINS = 14

/** Returns how durations are spread, or null when there are none. */
export function spread(durations: readonly number[]): Spread | null {
  const sorted = durations.filter((ms) => ms >= 0).sort((one, other) => one - other)
  const last = sorted.at(-1)
  if (last === undefined) return null
  const step = SPREAD_STEPS_MS.find((ms) => last / ms < MOST_SPREAD_BINS) ?? DAY_MS
  const bins = Array.from({ length: Math.floor(last / step) + 1 }, (_, index) => ({
    fromMs: index * step,
    count: 0,
  }))
  for (const ms of sorted) {
    const bin = bins[Math.floor(ms / step)]
    if (bin !== undefined) bin.count += 1
  }
  return { count: sorted.length, medianMs: ranked(sorted, 0.5), p90Ms: ranked(sorted, 0.9), bins }
}

function ranked(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

/** Returns the time from placing to the hand-over by a courier; null before it, and where none was asked for. */
export function deliveryMs(order: OrderBody): number | null {
  const [placed, brought] = [timeOf(order, 'placed'), timeOf(order, 'rental_success')]
  return placed === null || brought === null ? null : brought - placed
}

/** Returns the time from asking for a return to the last bank in a cabinet, or null. */
export function returnMs(order: OrderBody): number | null {
  if (order.state !== 'settled') return null
  const asked = timeOf(order, 'return_asked')
  const returned = order.events
    .filter(({ type }) => type === 'bank_returned')
    .map(({ time }) => Date.parse(time))
  return asked === null || returned.length === 0 ? null : Math.max(...returned) - asked
}

function timeOf({ events }: OrderBody, wanted: string): number | null {
  const found = events.find(({ type }) => type === wanted)
  return found === undefined ? null : Date.parse(found.time)
}

export interface Turnover {
  /** When the day began. */
  readonly fromMs: number
  readonly rentals: number
  readonly perBank: number
}

// A few minutes are no measure of a day.
const LEAST_KNOWN_MS = 3_600_000

/**
 * Returns the rentals of banks that began on each of the reader's days, and how many that is for each bank.
 *
 * `banks` is how many banks the region has. The days that the orders touch only in part count as far as they do:
 * a day of which only six hours are known is a quarter of a day. One of which less than an hour is known is left out.
 */
export function turnover(orders: readonly OrderBody[], banks: number, nowMs: number): Turnover[] {
  const starts = orders.flatMap(({ events }) =>
    events.filter(({ type }) => type === 'bank_ejected').map(({ time }) => Date.parse(time)),
  )
  if (starts.length === 0) return []
  const first = Math.min(...orders.map(({ placed }) => Date.parse(placed)))
  const last = Math.max(nowMs, ...starts)
  return spansOf(first, last, DAY_MS).flatMap((fromMs) => {
    const toMs = daysLater(fromMs, 1)
    const knownMs = Math.min(toMs, last) - Math.max(fromMs, first)
    if (knownMs < LEAST_KNOWN_MS) return []
    const rentals = starts.filter((ms) => ms >= fromMs && ms < toMs).length
    const known = knownMs / (toMs - fromMs)
    return [{ fromMs, rentals, perBank: banks === 0 ? 0 : rentals / banks / known }]
  })
}

export interface FeeSum {
  readonly fee: string
  readonly currency: string
  readonly amountMinor: number
}

/** Returns the sums of all fee lines by their kind: what was taken back counts against it. */
export function feeSums(orders: readonly OrderBody[]): FeeSum[] {
  const sums = new Map<string, FeeSum>()
  for (const { fee, currency, amount_minor } of orders.flatMap(({ fee_lines }) => fee_lines)) {
    const key = `${fee} ${currency}`
    const before = sums.get(key)?.amountMinor ?? 0
    sums.set(key, { fee, currency, amountMinor: before + amount_minor })
  }
  return [...sums.values()]
}
