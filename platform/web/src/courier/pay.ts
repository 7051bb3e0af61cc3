/**
 * What a trip earns: a base, and a price for each minute begun up to the promised ones.
 *
 * The trip out is paid from the acceptance until the banks are in the user's hands, the trip back until they are in
 * a cabinet. This is the phone's own count; the platform's is made from the corrected times of the events.
 */

const MINUTE_MS = 60_000

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
  /** Whether the courier has reported the goal as reached. */
  readonly reached: boolean
}

/** Returns the amount so far; `perMinuteMinor` is null while the tariff is not known. */
export function earnedMinor(trip: Trip, now: number, perMinuteMinor: number | null): number {
  if (trip.to !== null && !trip.reached) return 0
  const minutes = Math.max(0, Math.ceil(((trip.to ?? now) - trip.from) / MINUTE_MS))
  return Math.min(trip.payMaxMinor, trip.payMinor + minutes * (perMinuteMinor ?? 0))
}
