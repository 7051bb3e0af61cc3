/** How the invented city looks. */

import type { GeoJSONSourceSpecification, StyleSpecification } from 'maplibre-gl'
import { type City, city, type Feature as CityFeature } from './city'
import { coloursOf, streetWidth } from './colours'
import type { Point } from './geo'

// From further away nobody tells blocks and streets apart, and there are thousands.
const DETAIL_ZOOM = 12.8
const NO_CITY: City = { type: 'FeatureCollection', features: [] }

/**
 * Returns the style of the city around a place; without a reach to each side there is the ground alone.
 *
 * Streets and blocks are two sources: each is sent to the map's worker whole, and a large city would hold up the page.
 */
export function cityStyle(centre: Point, dark: boolean, reach: number): StyleSpecification {
  const colours = coloursOf(dark)
  const kind = (name: string) => ['==', ['get', 'kind'], name] as ['==', ['get', string], string]
  const { features } = reach === 0 ? NO_CITY : city(centre, reach)
  const isBlock = (feature: CityFeature) => ['block', 'park'].includes(feature.properties.kind)
  return {
    version: 8,
    sources: {
      city: source(features.filter((feature) => !isBlock(feature))),
      blocks: source(features.filter(isBlock)),
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': colours.ground } },
      {
        id: 'blocks',
        type: 'fill',
        source: 'blocks',
        minzoom: DETAIL_ZOOM,
        filter: kind('block'),
        paint: { 'fill-color': colours.block },
      },
      {
        id: 'parks',
        type: 'fill',
        source: 'blocks',
        filter: kind('park'),
        paint: { 'fill-color': colours.park },
      },
      {
        id: 'water',
        type: 'fill',
        source: 'city',
        filter: kind('water'),
        paint: { 'fill-color': colours.water },
      },
      {
        id: 'streets',
        type: 'line',
        source: 'city',
        minzoom: DETAIL_ZOOM,
        filter: kind('street'),
        paint: { 'line-color': colours.street, 'line-width': streetWidth(9) },
      },
      {
        id: 'avenues',
        type: 'line',
        source: 'city',
        filter: kind('avenue'),
        paint: { 'line-color': colours.street, 'line-width': streetWidth(18) },
      },
      {
        id: 'names',
        type: 'symbol',
        source: 'city',
        filter: ['in', ['get', 'kind'], ['literal', ['street', 'avenue']]],
        minzoom: 14,
        layout: {
          'symbol-placement': 'line',
          'text-field': ['get', 'name'],
          'text-size': 11,
          'symbol-spacing': 320,
        },
        paint: { 'text-color': colours.name, 'text-halo-color': colours.ground, 'text-halo-width': 1.2 },
      },
    ],
  }
}

function source(features: CityFeature[]): GeoJSONSourceSpecification {
  return { type: 'geojson', data: { type: 'FeatureCollection', features } }
}
