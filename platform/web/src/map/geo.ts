/** Places on the ground, near enough to each other that the earth is flat between them. */

import type { Location } from '../protocol/generated'

export interface Point {
  readonly lat: number
  readonly lon: number
}

const METRES_PER_DEGREE = 111_195
const E7 = 10_000_000

export function pointOf(location: Location): Point {
  return { lat: location.lat_e7 / E7, lon: location.lon_e7 / E7 }
}

export function locationOf(point: Point): Location {
  return { lat_e7: Math.round(point.lat * E7), lon_e7: Math.round(point.lon * E7) }
}

/** Returns metres as the crow flies. */
export function between(one: Point, other: Point): number {
  const middle = ((one.lat + other.lat) / 2) * (Math.PI / 180)
  const north = (other.lat - one.lat) * METRES_PER_DEGREE
  const east = (other.lon - one.lon) * METRES_PER_DEGREE * Math.cos(middle)
  return Math.hypot(north, east)
}

/** Returns the point so many metres north and east of another. */
export function offset(from: Point, eastM: number, northM: number): Point {
  const lat = from.lat + northM / METRES_PER_DEGREE
  return { lat, lon: from.lon + eastM / (METRES_PER_DEGREE * Math.cos((from.lat * Math.PI) / 180)) }
}
