/** How the invented city looks, with whatever is drawn upon it. */

import type { LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'
import type { FeatureCollection } from 'geojson'
import { city } from './city'
import type { Point } from './geo'

interface Colours {
  readonly ground: string
  readonly block: string
  readonly park: string
  readonly water: string
  readonly street: string
  readonly name: string
}

const LIGHT: Colours = {
  ground: '#eceee8',
  block: '#e1e4dc',
  park: '#cfe3c8',
  water: '#bcd7e6',
  street: '#ffffff',
  name: '#5c6862',
}
const DARK: Colours = {
  ground: '#151b19',
  block: '#1a211f',
  park: '#1f3d2c',
  water: '#1b4256',
  street: '#45544e',
  name: '#aab8b1',
}

// From further away nobody tells blocks and streets apart, and there are thousands.
const DETAIL_ZOOM = 12.8

/** Returns the style of the city around a place; `layers` are drawn above it. */
export function cityStyle(
  centre: Point,
  dark: boolean,
  sources: Readonly<Record<string, SourceSpecification>>,
  layers: readonly LayerSpecification[],
  reach?: number,
): StyleSpecification {
  const colours = dark ? DARK : LIGHT
  const kind = (name: string) => ['==', ['get', 'kind'], name] as ['==', ['get', string], string]
  const width = (metres: number) =>
    ['interpolate', ['exponential', 2], ['zoom'], 12, metres / 27, 18, metres * 2.4] as unknown as number
  return {
    version: 8,
    sources: {
      city: { type: 'geojson', data: city(centre, reach) as FeatureCollection },
      ...sources,
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': colours.ground } },
      {
        id: 'blocks',
        type: 'fill',
        source: 'city',
        minzoom: DETAIL_ZOOM,
        filter: kind('block'),
        paint: { 'fill-color': colours.block },
      },
      {
        id: 'parks',
        type: 'fill',
        source: 'city',
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
        paint: { 'line-color': colours.street, 'line-width': width(9) },
      },
      {
        id: 'avenues',
        type: 'line',
        source: 'city',
        filter: kind('avenue'),
        paint: { 'line-color': colours.street, 'line-width': width(18) },
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
      ...layers,
    ],
  }
}
