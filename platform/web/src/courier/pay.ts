/**
 * What a trip earns: a base, and a price for each minute begun up to the promised ones.
 *
 * The trip out is paid from the acceptance until the banks are in the user's hands, the trip back until they are in
 * a cabinet. What the platform has booked, from the corrected times of the events, goes before the phone's count.
 */

import type { TariffBody, TripBody } from '../session/bodies'
import type { Act } from './steps'

const MINUTE_MS = 60_000
// What is not booked after so long is no longer waited for.
const BOOKED_WITHIN_MS = 24 * 60 * MINUTE_MS
const GOALS: Readonly<Record<Trip['leg'], Act['type']>> = {
  outward: 'chargeloop.courier.delivered.v1',
  back: 'chargeloop.courier.put_back.v1',
}

export interface Trip {
  readonly offer: string
  readonly job: string
  readonly leg: 'outward' | 'back'
  readonly quantity: number
  readonly payMinor: number
  readonly payMaxMinor: number
  readonly currency: string
  /** Platform time of the acceptance and of the end, in milliseconds. */
  readonly from: number
  readonly to: number | null
  /** Whether the platform has given the job to this courier. */
  readonly given: boolean
  /** Whether the courier has reported the goal as reached, and nobody has refused that. */
  readonly reached: boolean
  /** The act that reported it. */
  readonly reachedBy?: string | null
  /** Whether the job ended while its banks were on their way back: once a cabinet has seen them, nobody reports it. */
  readonly brought?: boolean
  /** What the platform has booked for it; that counts. */
  readonly bookedMinor?: number
}

/** Tells whether this act says that a trip has come to its goal: banks put back on the way out are no goal. */
export function reaches(trip: Pick<Trip, 'leg' | 'job'>, act: Pick<Act, 'type' | 'job'>): boolean {
  return act.job === trip.job && act.type === GOALS[trip.leg]
}

export type TripState = 'running' | 'unbooked' | 'booked' | 'counted' | 'ended'

/** Tells what the amount of a trip is: the phone's count, one that will still be booked, what is booked, or none. */
export function stateOf(trip: Trip, now: number): TripState {
  if (trip.bookedMinor !== undefined) return 'booked'
  if (trip.to === null) return 'running'
  if (!trip.reached && trip.brought !== true) return 'ended'
  if (now - trip.to < BOOKED_WITHIN_MS) return 'unbooked'
  return trip.reached ? 'counted' : 'ended'
}

/** Returns the amount so far; `perMinuteMinor` is null while the tariff is not known. */
export function earnedMinor(trip: Trip, now: number, perMinuteMinor: number | null): number {
  if (trip.bookedMinor !== undefined) return trip.bookedMinor
  if (stateOf(trip, now) === 'ended') return 0
  const minutes = Math.max(0, Math.ceil(((trip.to ?? now) - trip.from) / MINUTE_MS))
  return Math.min(trip.payMaxMinor, trip.payMinor + minutes * (perMinuteMinor ?? 0))
}

/** Returns what a courier is paid in: by the tariff, by what is booked, or by this phone's trips. */
export function currencyOf(
  tariff: TariffBody | null,
  trips: readonly Trip[],
  booked: readonly TripBody[],
): string {
  const amount = booked.find((body) => body.amount !== null)?.amount
  return tariff?.currency ?? amount?.currency ?? trips.at(-1)?.currency ?? 'EUR'
}

/**
 * Returns this phone's trips with what the platform has booked, and those it knows from another phone; oldest first.
 *
 * `currency` is that of trips which nothing is known of but that they run. `jobs` are those of the work: what was
 * taken elsewhere, is not done and not among them was called off.
 */
export function withBooked(
  trips: readonly Trip[],
  booked: readonly TripBody[],
  currency: string,
  jobs: readonly string[],
): Trip[] {
  const known = new Map(trips.map((trip) => [trip.job, trip]))
  for (const body of booked) {
    const runs = body.done !== null || jobs.includes(body.job)
    const mine = known.get(body.job) ?? (runs ? fromElsewhere(body, currency) : null)
    if (mine !== null) known.set(body.job, asBooked(mine, body))
  }
  return [...known.values()].sort((one, other) => one.from - other.from)
}

function asBooked(trip: Trip, { done, amount }: TripBody): Trip {
  return {
    ...trip,
    ...(done === null ? {} : { to: Date.parse(done), reached: true }),
    ...(amount === null ? {} : { bookedMinor: amount.amount_minor, currency: amount.currency }),
  }
}

function fromElsewhere({ job, kind, quantity, taken }: TripBody, currency: string): Trip | null {
  if (taken === null) return null
  const unknown = { payMinor: 0, payMaxMinor: 0, currency, given: true, reached: false, to: null }
  return { ...unknown, offer: job, job, leg: kind, quantity, from: Date.parse(taken) }
}
