/** An order's journal and the messages about it, as one list in the order of time. */

import type { Location } from '../protocol/generated'
import type { OrderBody, OrderSummary } from '../session/bodies'
import { ENDED } from './live/region'
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
      isPlace(value)
        ? [[name, `${degrees(value.lat_e7)}, ${degrees(value.lon_e7)}`]]
        : isRecord(value)
          ? Object.entries(value)
          : [[name, value]],
    )
    .filter(([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => [
      name,
      typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : JSON.stringify(value),
    ])
}

const degrees = (e7: number) => (e7 / 1e7).toFixed(5)

function isPlace(value: unknown): value is Location {
  return isRecord(value) && typeof value.lat_e7 === 'number' && typeof value.lon_e7 === 'number'
}

type Served = Pick<OrderSummary, 'cabinet' | 'courier' | 'last_cabinet' | 'last_courier'>

/** Returns the cabinet and the courier that an order has to do with; when it has ended, the last ones. */
export function servedBy(
  order: Served & Pick<OrderSummary, 'state'>,
): Pick<OrderSummary, 'cabinet' | 'courier'> {
  const { state, cabinet, courier, last_cabinet = null, last_courier = null } = order
  return ENDED.has(state) ? { cabinet: cabinet ?? last_cabinet, courier: courier ?? last_courier } : order
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
