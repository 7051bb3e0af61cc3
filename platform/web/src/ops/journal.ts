/** An order's journal and the messages about it, as one list in the order of time. */

import type { OrderBody } from '../session/bodies'
import type { Trace } from './live/trails'
import { type Lane, laneOf, laneOfTopic } from './timeline'

export type Shown = 'all' | 'journal' | 'messages'
export type JournalRow =
  | {
      readonly kind: 'event'
      readonly ms: number
      readonly lane: Lane
      readonly event: OrderBody['events'][number]
    }
  | { readonly kind: 'message'; readonly ms: number; readonly lane: Lane; readonly trace: Trace }

/** Returns what is to be shown, the earliest first. */
export function rowsOf(entries: OrderBody['events'], trail: readonly Trace[], shown: Shown): JournalRow[] {
  const events = entries.map((event): JournalRow => ({
    kind: 'event',
    ms: Date.parse(event.time),
    lane: laneOf(event.type),
    event,
  }))
  const messages = trail.map((trace): JournalRow => ({
    kind: 'message',
    ms: Date.parse(trace.time),
    lane: laneOfTopic(trace.topic),
    trace,
  }))
  const both = shown === 'journal' ? events : shown === 'messages' ? messages : [...events, ...messages]
  return both.sort((one, other) => one.ms - other.ms)
}

/** Returns what an entry tells, as names and texts; what is empty tells nothing. */
export function detailsOf(detail: Readonly<Record<string, unknown>> | undefined): [string, string][] {
  return Object.entries(detail ?? {})
    .flatMap(([name, value]): [string, unknown][] =>
      isRecord(value) ? Object.entries(value) : [[name, value]],
    )
    .filter(([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => [
      name.replaceAll('_', ' '),
      typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : JSON.stringify(value),
    ])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
