import { expect, test } from 'vitest'
import { city } from '../src/map/city'
import { between, locationOf, offset, pointOf } from '../src/map/geo'

const here = { lat: 43.452, lon: 5.233 }

test('the same place has the same city', () => {
  expect(city(here)).toEqual(city({ lat: here.lat + 0.001, lon: here.lon - 0.001 }))
  expect(city(here)).not.toEqual(city({ lat: 31.2, lon: 121.5 }))
})

test('every shape of the city is closed and on the ground', () => {
  for (const { geometry } of city(here).features) {
    const ring = geometry.type === 'Polygon' ? geometry.coordinates[0] : geometry.coordinates
    if (geometry.type === 'Polygon') expect(ring?.[0]).toEqual(ring?.at(-1))
    for (const [lon, lat] of ring ?? []) expect(between(here, { lat, lon })).toBeLessThan(5_000)
  }
})

test('distances and offsets agree', () => {
  expect(between(here, offset(here, 300, 400))).toBeCloseTo(500, 0)
  expect(pointOf(locationOf(here))).toEqual(here)
})
