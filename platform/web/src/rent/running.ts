/**
 * Which banks of an order cost rent, and from when until when, as its journal tells by now.
 *
 * The same rule as the platform's: what a courier fetches costs nothing more from the moment when the first courier
 * accepted that return, whoever came in the end; for what stays with the user the rent goes on.
 */

import type { OrderBody } from '../session/bodies'

export interface Running {
  readonly beganMs: number
  /** For how many banks the rent goes on. */
  readonly going: number
  /** How many cost nothing more, and since when. */
  readonly ended: { readonly banks: number; readonly atMs: number } | null
}

type File = Pick<OrderBody, 'state' | 'banks' | 'events'>

const COURIER_COMES = new Set(['return_dispatching', 'collecting'])

/** Returns what costs rent; null when nothing does, since nothing is with the user. */
export function runningOf(file: File): Running | null {
  const began = file.events.find((event) => event.type === 'rental_success' || event.type === 'unlocked')
  if (began === undefined || file.banks.length === 0) return null
  const ended = COURIER_COMES.has(file.state) ? accepted(file) : null
  return { beganMs: Date.parse(began.time), going: file.banks.length - (ended?.banks ?? 0), ended }
}

function accepted({ banks, events }: File): Running['ended'] {
  const asked = events.findLast((event) => event.type === 'return_asked')?.detail?.quantity
  // Before the courier platform is asked, only couriers of a return that was given up can be heard.
  const requested = events.findLastIndex((event) => event.type === 'return_requested')
  const times = events
    .filter((event, index) => index > requested && event.type === 'second_indication')
    .map((event) => Date.parse(event.time))
  if (times.length === 0) return null
  return {
    banks: typeof asked === 'number' ? Math.min(banks.length, asked) : banks.length,
    atMs: Math.min(...times),
  }
}
