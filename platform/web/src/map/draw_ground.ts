/** What a map is drawn on: the operator's style or tiles, or the invented city where there are none. */

import { addProtocol, type StyleSpecification } from 'maplibre-gl'
import { REACH } from './city'
import { cityStyle } from './draw_city'
import { tilesStyle, type Tiles } from './draw_tiles'
import type { Basemap } from '../session/bodies'
import type { Point } from './geo'

export interface Ground {
  /** Whom the map must name, in HTML, besides those that its sources name. */
  readonly attribution: string
  /** `bare`: the operator's map could not be loaded, and there is nothing to see but the ground. */
  readonly kind: 'invented' | 'real' | 'bare'
  /** Returns its style; an invented city lies around the place and goes so many streets to each side. */
  style(centre: Point, dark: boolean, reach?: number): StyleSpecification
}

/** Loads the ground; without a map of the operator's it is an invented city, which is named so. */
export async function groundOf(basemap: Basemap | null, invented: string): Promise<Ground> {
  if (basemap === null)
    return {
      attribution: invented,
      kind: 'invented',
      style: (centre, dark, reach = REACH) => cityStyle(centre, dark, reach),
    }
  try {
    return { attribution: basemap.attribution, kind: 'real', style: await styleOf(basemap) }
  } catch (error) {
    // Without a network what is to be found is shown all the same, and the page says what is missing.
    console.info('no streets:', error)
    return { attribution: '', kind: 'bare', style: (centre, dark) => cityStyle(centre, dark, 0) }
  }
}

async function styleOf({ kind, url }: Basemap): Promise<Ground['style']> {
  if (kind === 'style') {
    const style = await loaded(url)
    return () => style
  }
  const tiles = kind === 'pmtiles' ? await archive(url) : template(url)
  return (_, dark) => tilesStyle(tiles, dark)
}

/** Fetches a style; where it looks at first does not matter, for we show our own places. */
async function loaded(url: string): Promise<StyleSpecification> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`the map's style is answered with ${answer.status}`)
  const { version, sources, layers, glyphs, sprite } = (await answer.json()) as StyleSpecification
  return {
    version,
    sources,
    layers,
    ...(glyphs === undefined ? {} : { glyphs }),
    ...(sprite === undefined ? {} : { sprite }),
  }
}

const TILE_PX = 256
// As deep as such tiles go as a rule; closer in, the last ones are drawn larger.
const DEEPEST = { shapes: 14, pictures: 19 }

function template(url: string): Tiles {
  const shaped = /\.(?:mvt|pbf)(?:$|\?)/.test(url)
  return {
    source: shaped
      ? { type: 'vector', tiles: [url], maxzoom: DEEPEST.shapes }
      : { type: 'raster', tiles: [url], tileSize: TILE_PX, maxzoom: DEEPEST.pictures },
    layers: [],
  }
}

/** Opens a PMTiles archive: its header and metadata say what is in it. */
async function archive(url: string): Promise<Tiles> {
  const { PMTiles, Protocol, TileType } = await import('pmtiles')
  const address = new URL(url, location.href).href
  const opened = new PMTiles(address)
  const protocol = new Protocol()
  protocol.add(opened)
  addProtocol('pmtiles', protocol.tile)
  const [header, metadata] = await Promise.all([opened.getHeader(), opened.getMetadata()])
  const { attribution, vector_layers: layers } = metadata as {
    readonly attribution?: string
    readonly vector_layers?: readonly { readonly id: string }[]
  }
  const { minZoom: minzoom, maxZoom: maxzoom, minLon, minLat, maxLon, maxLat } = header
  const found = {
    tiles: [`pmtiles://${address}/{z}/{x}/{y}`],
    minzoom,
    maxzoom,
    bounds: [minLon, minLat, maxLon, maxLat] as [number, number, number, number],
    ...(attribution === undefined ? {} : { attribution }),
  }
  return {
    source:
      header.tileType === TileType.Mvt
        ? { type: 'vector', ...found }
        : { type: 'raster', tileSize: TILE_PX, ...found },
    layers: (layers ?? []).map(({ id }) => id),
  }
}
