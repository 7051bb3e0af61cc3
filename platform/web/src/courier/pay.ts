/**
 * What a trip earns: a base, and a price for each minute begun up to the promised ones.
 *
 * The trip out is paid from the acceptance until the banks are in the user's hands, the trip back until they are in
 * a cabinet. What the platform has booked, from the corrected times of the events, goes before the phone's count.
 */

import type { TariffBody, TripBody } from '../session/bodies'
import type { Act } from './steps'

const MINUTE_MS = 60_000
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
  /** What the platform has booked for it; that counts. */
  readonly bookedMinor?: number
}

/** Tells whether this act says that a trip has come to its goal: banks put back on the way out are no goal. */
export function reaches(trip: Pick<Trip, 'leg' | 'job'>, act: Pick<Act, 'type' | 'job'>): boolean {
  return act.job === trip.job && act.type === GOALS[trip.leg]
}

/** Returns the amount so far; `perMinuteMinor` is null while the tariff is not known. */
export function earnedMinor(trip: Trip, now: number, perMinuteMinor: number | null): number {
  if (trip.bookedMinor !== undefined) return trip.bookedMinor
  if (trip.to !== null && !trip.reached) return 0
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
 * `currency` is that of trips which nothing is known of but that they run.
 */
export function withBooked(trips: readonly Trip[], booked: readonly TripBody[], currency: string): Trip[] {
  const known = new Map(trips.map((trip) => [trip.job, trip]))
  for (const body of booked) {
    const mine = known.get(body.job) ?? fromElsewhere(body, currency)
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
