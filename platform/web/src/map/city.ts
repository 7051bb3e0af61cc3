/**
 * A map without tiles: a city that is invented around a place, always the same for the same place.
 *
 * Streets in a slightly crooked grid, a river, parks and blocks: something to find one's way by where no tiles are
 * to be had. It is no picture of the real streets, and the map says so.
 */

import { offset, type Point } from './geo'

type Ring = [number, number][]
export interface Feature {
  readonly type: 'Feature'
  readonly properties: {
    readonly kind: 'block' | 'park' | 'water' | 'street' | 'avenue'
    readonly name?: string
  }
  readonly geometry:
    | { readonly type: 'Polygon'; readonly coordinates: Ring[] }
    | { readonly type: 'LineString'; readonly coordinates: Ring }
}

export interface City {
  readonly type: 'FeatureCollection'
  readonly features: Feature[]
}

/** How many streets there are to each side when nobody asks for more. */
export const REACH = 12
const PITCH_M = 140
const AVENUE_EVERY = 4
const STREET_M = 16
const AVENUE_M = 26
const RIVER_STEP_M = 75
const NAMES = [
  'Lime',
  'Harbour',
  'Mill',
  'Orchard',
  'Weaver',
  'Bridge',
  'Quarry',
  'Chapel',
  'Willow',
  'Foundry',
  'Lantern',
  'Ferry',
] as const

/** Returns the city around a place, so many streets to each side; places within a kilometre share one. */
export function city(around: Point, reach = REACH): City {
  const centre = { lat: Math.round(around.lat * 50) / 50, lon: Math.round(around.lon * 50) / 50 }
  const chance = seeded(Math.round(centre.lat * 50) * 7_919 + Math.round(centre.lon * 50))
  const bend = (index: number, other: number) => 9 * Math.sin(index * 1.7 + other * 0.45)
  const at = (column: number, row: number): [number, number] => {
    const point = offset(centre, column * PITCH_M + bend(column, row), row * PITCH_M + bend(row + 5, column))
    return [point.lon, point.lat]
  }
  const features: Feature[] = []
  for (let row = -reach; row < reach; row++) {
    for (let column = -reach; column < reach; column++) {
      features.push(block(column, row, at, chance()))
    }
  }
  features.push(river(centre, reach))
  for (let line = -reach; line <= reach; line++) {
    const kind = line % AVENUE_EVERY === 0 ? 'avenue' : 'street'
    const name = NAMES[(line + reach) % NAMES.length] ?? NAMES[0]
    const steps = Array.from({ length: 2 * reach + 1 }, (_, step) => step - reach)
    features.push(
      way(
        kind,
        `${name} ${kind === 'avenue' ? 'Avenue' : 'Street'}`,
        steps.map((step) => at(step, line)),
      ),
    )
    features.push(
      way(
        kind,
        `${name} ${kind === 'avenue' ? 'Road' : 'Lane'}`,
        steps.map((step) => at(line, step)),
      ),
    )
  }
  return { type: 'FeatureCollection', features }
}

function block(
  column: number,
  row: number,
  at: (column: number, row: number) => [number, number],
  draw: number,
): Feature {
  const inset = (AVENUE_M + STREET_M) / 4 / PITCH_M
  const [left, right, low, high] = [column + inset, column + 1 - inset, row + inset, row + 1 - inset]
  const corner = at(left, low)
  return {
    type: 'Feature',
    properties: { kind: draw < 0.09 ? 'park' : 'block' },
    geometry: {
      type: 'Polygon',
      coordinates: [[corner, at(right, low), at(right, high), at(left, high), corner]],
    },
  }
}

function river(centre: Point, reach: number): Feature {
  const steps = Math.ceil((reach * PITCH_M) / RIVER_STEP_M)
  const bank = (side: number): Ring =>
    Array.from({ length: 2 * steps + 1 }, (_, step) => {
      const east = (step - steps) * RIVER_STEP_M
      const point = offset(centre, east, -1_560 + 130 * Math.sin(east / 520) + side * 55)
      return [point.lon, point.lat]
    })
  const south = bank(-1)
  const first = south[0] ?? [centre.lon, centre.lat]
  return {
    type: 'Feature',
    properties: { kind: 'water' },
    geometry: { type: 'Polygon', coordinates: [[...south, ...bank(1).reverse(), first]] },
  }
}

function way(kind: 'street' | 'avenue', name: string, coordinates: Ring): Feature {
  return { type: 'Feature', properties: { kind, name }, geometry: { type: 'LineString', coordinates } }
}

/** Returns a generator of numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
