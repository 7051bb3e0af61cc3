import type { LayerSpecification, StyleSpecification } from 'maplibre-gl'
import { expect, test } from 'vitest'
import { tilesStyle } from '../src/map/draw_tiles'
import { upon } from '../src/map/draw_upon'
import { Framed } from '../src/map/framed'

const written = (id: string, font?: string[]): LayerSpecification => ({
  id,
  type: 'symbol',
  source: 'places',
  layout: { 'text-field': 'x', ...(font === undefined ? {} : { 'text-font': font }) },
})
const style = (more: Partial<StyleSpecification> = {}): StyleSpecification => ({
  version: 8,
  sources: { streets: { type: 'raster', tiles: [] } },
  layers: [written('towns', ['Fancy Sans'])],
  ...more,
})

test('what is drawn upon a style comes last, with its sources', () => {
  const drawn = upon(style(), { places: { type: 'raster', tiles: [] } }, [written('stock')])
  expect(Object.keys(drawn.sources)).toEqual(['streets', 'places'])
  expect(drawn.layers.map(({ id }) => id)).toEqual(['towns', 'stock'])
})

test('it is written in a font of the style, when the style has glyphs of its own fonts alone', () => {
  const own = upon(style({ glyphs: 'https://example.org/{fontstack}/{range}.pbf' }), {}, [written('stock')])
  expect(own.layers.at(-1)).toEqual(written('stock', ['Fancy Sans']))
  expect(upon(style(), {}, [written('stock')]).layers.at(-1)).toEqual(written('stock'))
})

test('pictures are drawn as they are', () => {
  const drawn = tilesStyle({ source: { type: 'raster', tiles: ['t'] }, layers: [] }, false)
  expect(drawn.layers.map(({ type }) => type)).toEqual(['background', 'raster'])
})

test.each([
  ['Protomaps', ['roads', 'water'], 'roads'],
  ['OpenMapTiles', ['transportation', 'transportation_name'], 'transportation'],
])('streets are found in the tiles of %s', (_, layers, streets) => {
  const drawn = tilesStyle({ source: { type: 'vector', tiles: ['t'] }, layers }, true)
  expect(drawn.layers).toContainEqual(expect.objectContaining({ id: 'streets', 'source-layer': streets }))
})

test('a map is moved for a mark that is new, and not for one that moves', () => {
  const framed = new Framed()
  expect(framed.takes([])).toBe(false)
  expect(framed.takes([{ id: 'me' }, { id: 'cabinet' }])).toBe(true)
  expect(framed.takes([{ id: 'me' }, { id: 'cabinet' }])).toBe(false)
  expect(framed.takes([{ id: 'me' }, { id: 'cabinet' }, { id: 'cou-1' }])).toBe(true)
  expect(framed.takes([{ id: 'me' }])).toBe(false)
  expect(framed.takes([{ id: 'me' }, { id: 'cou-1' }])).toBe(false)
  expect(framed.takes([{ id: 'me' }, { id: 'cou-2' }])).toBe(true)
})
