/**
 * How tiles look that bring no style of their own: pictures as they are, and shapes in the pages' colours.
 *
 * Shapes are known by the layers of the two schemes that most such tiles follow, Protomaps' basemap and
 * OpenMapTiles; of another scheme nothing but the ground is drawn, and a style is needed.
 */

import type {
  FilterSpecification,
  LayerSpecification,
  RasterSourceSpecification,
  StyleSpecification,
  VectorSourceSpecification,
} from 'maplibre-gl'
import { coloursOf, streetWidth } from './colours'

/** Where tiles come from, as MapLibre has it; `layers` are the names of a vector tile's layers. */
export interface Tiles {
  readonly source: RasterSourceSpecification | VectorSourceSpecification
  readonly layers: readonly string[]
}

interface Scheme {
  readonly parks: { readonly layer: string; readonly filter: FilterSpecification }
  readonly streets: string
  readonly large: FilterSpecification
  readonly names: string
}

const among = (member: string, ...values: string[]): FilterSpecification => [
  'in',
  ['get', member],
  ['literal', values],
]
const PROTOMAPS: Scheme = {
  parks: {
    layer: 'landuse',
    filter: among('kind', 'park', 'forest', 'wood', 'grass', 'garden', 'cemetery', 'nature_reserve'),
  },
  streets: 'roads',
  large: among('kind', 'highway', 'major_road'),
  names: 'roads',
}
const OPEN_MAP_TILES: Scheme = {
  parks: { layer: 'landcover', filter: among('class', 'grass', 'wood') },
  streets: 'transportation',
  large: among('class', 'motorway', 'trunk', 'primary', 'secondary', 'tertiary'),
  names: 'transportation_name',
}

/** Returns the style of these tiles. */
export function tilesStyle({ source, layers }: Tiles, dark: boolean): StyleSpecification {
  const ground: LayerSpecification = {
    id: 'ground',
    type: 'background',
    paint: { 'background-color': coloursOf(dark).ground },
  }
  const drawn =
    source.type === 'raster'
      ? [{ id: 'pictures', type: 'raster', source: 'tiles' } as const]
      : shapes(layers.includes(OPEN_MAP_TILES.streets) ? OPEN_MAP_TILES : PROTOMAPS, dark)
  return { version: 8, sources: { tiles: source }, layers: [ground, ...drawn] }
}

function shapes({ parks, streets, large, names }: Scheme, dark: boolean): LayerSpecification[] {
  const colours = coloursOf(dark)
  const street = { type: 'line', source: 'tiles', 'source-layer': streets } as const
  return [
    {
      id: 'parks',
      type: 'fill',
      source: 'tiles',
      'source-layer': parks.layer,
      filter: parks.filter,
      paint: { 'fill-color': colours.park },
    },
    {
      id: 'water',
      type: 'fill',
      source: 'tiles',
      'source-layer': 'water',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': colours.water },
    },
    {
      id: 'streets',
      ...street,
      filter: ['!', large] as FilterSpecification,
      minzoom: 12,
      paint: { 'line-color': colours.street, 'line-width': streetWidth(9) },
    },
    {
      id: 'avenues',
      ...street,
      filter: large,
      paint: { 'line-color': colours.street, 'line-width': streetWidth(18) },
    },
    {
      id: 'names',
      type: 'symbol',
      source: 'tiles',
      'source-layer': names,
      minzoom: 14,
      layout: {
        'symbol-placement': 'line',
        'text-field': ['coalesce', ['get', 'name'], ''],
        'text-size': 11,
        'symbol-spacing': 320,
      },
      paint: { 'text-color': colours.name, 'text-halo-color': colours.ground, 'text-halo-width': 1.2 },
    },
  ]
}
