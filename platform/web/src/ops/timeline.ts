/** One order on one axis of time: what each of the three systems told, and what was charged for. */

import type { FeeLine, OrderEvent } from '../session/bodies'

export type Lane = 'rental' | 'courier' | 'cabinet'
export const LANES: readonly Lane[] = ['rental', 'courier', 'cabinet']

// Entries of an order's journal that a cabinet, or a courier platform, has told; all others are our own acts.
const BY_CABINET: ReadonlySet<string> = new Set([
  'reservation_confirmed',
  'reservation_refused',
  'reservation_ended',
  'picked_up',
  'unlocked',
  'bank_ejected',
  'eject_failed',
  'pickup_finished',
  'bank_returned',
  'bank_found',
])
const BY_COURIER: ReadonlySet<string> = new Set([
  'first_indication',
  'second_indication',
  'earlier_indication',
  'courier_left',
  'courier_progressed',
  'delivery_lost',
  'rental_success',
  'return_started',
  'return_dropped',
  'return_success',
  'banks_collected',
  'problem_reported',
  'job_ended',
])

/** Returns whose word an entry of the journal is. */
export function laneOf(type: string): Lane {
  if (BY_CABINET.has(type)) return 'cabinet'
  return BY_COURIER.has(type) ? 'courier' : 'rental'
}

/** Returns whose word a message is, by its topic. */
export function laneOfTopic(topic: string): Lane {
  const kind = topic.split('/')[3] ?? ''
  const leaf = topic.split('/')[5] ?? ''
  if (kind === 'cabinet') return leaf === 'command' ? 'rental' : 'cabinet'
  if (kind === 'courier') return 'courier'
  return kind === 'dispatch' && leaf === 'report' ? 'courier' : 'rental'
}

export interface Axis {
  readonly fromMs: number
  readonly toMs: number
  readonly ticks: readonly number[]
}

const STEPS_MS = [
  1_000, 5_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000,
  14_400_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000,
]
const MOST_TICKS = 8

/** Returns the axis that holds all the instants, with round ticks. */
export function axisOf(instants: readonly number[], most = MOST_TICKS): Axis {
  const first = Math.min(...instants)
  const last = Math.max(...instants)
  const span = Math.max(last - first, 1_000)
  const [fromMs, toMs] = [first - span * 0.02, first + span * 1.02]
  const step = STEPS_MS.find((ms) => span / ms <= most) ?? Math.ceil(span / most / 86_400_000) * 86_400_000
  const ticks: number[] = []
  for (let tick = Math.ceil(fromMs / step) * step; tick <= toMs; tick += step) ticks.push(tick)
  return { fromMs, toMs, ticks }
}

/** Returns where on the axis an instant is, from 0 to 1. */
export function along({ fromMs, toMs }: Axis, ms: number): number {
  return Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs)))
}

export interface Dot {
  readonly event: OrderEvent
  readonly lane: Lane
  readonly ms: number
  readonly x: number
  /** How far it is moved up, in dots, since others are at the same place. */
  readonly level: number
}

/** Returns where each event is drawn; dots that would hide each other are stacked, up to three high. */
export function dots(events: readonly OrderEvent[], axis: Axis, apart = 0.012): Dot[] {
  const lastAt = new Map<string, number>()
  return events
    .map((event) => ({ event, lane: laneOf(event.type), ms: Date.parse(event.time) }))
    .sort((one, other) => one.ms - other.ms)
    .map(({ event, lane, ms }) => {
      const x = along(axis, ms)
      let level = 0
      while (level < 2 && x - (lastAt.get(`${lane}${level}`) ?? -1) < apart) level += 1
      lastAt.set(`${lane}${level}`, x)
      return { event, lane, ms, x, level }
    })
}

export interface Bar {
  readonly line: FeeLine
  readonly from: number
  readonly to: number
  readonly row: number
}

/** Returns where each fee line is drawn; those that overlap are in rows of their own. */
export function bars(lines: readonly FeeLine[], axis: Axis): Bar[] {
  const ends: number[] = []
  return lines.map((line) => {
    const from = along(axis, Date.parse(line.from_time))
    const to = along(axis, Date.parse(line.to_time))
    let row = ends.findIndex((end) => end <= from)
    if (row === -1) row = ends.length
    ends[row] = to
    return { line, from, to, row }
  })
}
