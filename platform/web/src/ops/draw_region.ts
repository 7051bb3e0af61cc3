/** The map of the region, in a file of its own: it is large, and loaded when somebody looks at it. */

import {
  LngLatBounds,
  type Map as MapView,
  type GeoJSONSource,
  type GeoJSONSourceDiff,
  type ExpressionSpecification,
  type LayerSpecification,
  type StyleSpecification,
} from 'maplibre-gl'
import type { Feature, FeatureCollection, Position } from 'geojson'
import { type Ground, groundOf } from '../map/draw_ground'
import { drawnIn, viewOf } from '../map/draw_view'
import { between, type Point } from '../map/geo'
import { upon } from '../map/draw_upon'
import type { Basemap } from '../session/bodies'
import { isDark } from '../ui/theme.svelte'
import { type Cabinet, type Region, statusOf } from './live/region'
import { linesOf } from './lines'
import { coloursOf, type MapColours } from './map_colours'

export interface Picked {
  readonly kind: 'cabinet' | 'courier' | 'order'
  readonly id: string
}

export interface Asked {
  choose(picked: Picked): void
  /** What an invented city is called. */
  readonly invented: string
}

const CABINETS_MS = 500
const MOVING_MS = 250
// What is drawn anew costs with its number, wherever the graphics card is the processor itself.
const MANY = 1_000
const SLOWER = 3
// When the first cabinets have come and no more do, the map shows all of them.
const CALM_MS = 600
const FINGER_PX = 14
const AROUND_PX = 48
// The legend lies there.
const ABOVE_PX = 104
const STREET_M = 140
const LEAST_REACH = 12
const MOST_REACH = 48
const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] }

export class RegionDrawing {
  readonly bare: boolean
  readonly #map: MapView
  readonly #drawn = new Map<string, string>()
  #dark: boolean
  #centre: Point = { lat: 0, lon: 0 }
  // As long as nobody has told where the region is, there is no city.
  #reach = 0
  #ready = false
  #fitted = false
  #ended = false
  #cabinetsAt = 0
  #movingAt = 0
  #seen = { cabinets: -1, moving: -1 }
  #grownAt = 0
  #chosen: Picked | null = null

  /** Loads what the region is drawn on, and draws it. */
  static async open(
    container: HTMLElement,
    basemap: Basemap | null,
    region: Region,
    asked: Asked,
  ): Promise<RegionDrawing> {
    return new RegionDrawing(container, await groundOf(basemap, asked.invented), region, asked)
  }

  private constructor(
    private readonly container: HTMLElement,
    private readonly ground: Ground,
    private readonly region: Region,
    private readonly asked: Asked,
  ) {
    this.#dark = isDark()
    this.bare = ground.kind === 'bare'
    for (const cabinet of region.cabinets.values()) region.redrawn.add(cabinet)
    this.#map = viewOf(container, ground, 'top-right', { style: this.#style(), zoom: 13, fadeDuration: 0 })
    void this.#map.once('style.load', () => (this.#ready = true))
    this.#map.on('click', ({ point }) => this.#pick(point.x, point.y))
    for (const layer of ['cabinets', 'couriers']) {
      this.#map.on('mouseenter', layer, () => (this.#map.getCanvas().style.cursor = 'pointer'))
      this.#map.on('mouseleave', layer, () => (this.#map.getCanvas().style.cursor = ''))
    }
    // What is drawn can be asked for by who tests it.
    container.addEventListener('count-drawn', () => this.#count())
  }

  /** Draws what has changed, when it is time; called in every frame. */
  draw(nowMs: number): void {
    if (!this.#ready) return
    const { versions } = this.region
    const pace = this.#drawn.size > MANY ? SLOWER : 1
    if (versions.cabinets !== this.#seen.cabinets && nowMs - this.#cabinetsAt >= CABINETS_MS * pace) {
      this.#seen.cabinets = versions.cabinets
      this.#cabinetsAt = nowMs
      if (this.#drawCabinets()) this.#grownAt = nowMs
    }
    if (!this.#fitted && this.#drawn.size > 0 && nowMs - this.#grownAt > CALM_MS) this.#fit()
    const moving = versions.couriers + versions.orders
    if (moving !== this.#seen.moving && nowMs - this.#movingAt >= MOVING_MS * pace) {
      this.#seen.moving = moving
      this.#movingAt = nowMs
      void this.#source('couriers')?.setData(couriersOf(this.region))
      void this.#source('lines')?.setData(linesOf(this.region))
    }
  }

  setDark(dark: boolean): void {
    if (dark === this.#dark) return
    this.#dark = dark
    this.#map.setStyle(this.#style(), { diff: false })
    void this.#map.once('style.load', () => this.#mark(this.#chosen, true))
  }

  /** Rings one thing, and goes there when it is out of sight. */
  choose(picked: Picked | null): void {
    this.#mark(this.#chosen, false)
    this.#chosen = picked
    this.#mark(picked, true)
    const point = picked === null ? null : this.#pointOf(picked)
    if (point === null || !this.#ready) return
    const at = { lng: point.lon, lat: point.lat }
    if (!this.#map.getBounds().contains(at))
      this.#map.easeTo({ center: at, zoom: Math.max(14, this.#map.getZoom()) })
  }

  end(): void {
    this.#ended = true
    this.#map.remove()
  }

  #source(name: string): GeoJSONSource | undefined {
    return this.#map.getSource<GeoJSONSource>(name)
  }

  #pointOf({ kind, id }: Picked): Point | null {
    if (kind === 'cabinet') return this.region.cabinets.get(id)?.point ?? null
    if (kind === 'courier') return this.region.couriers.get(id)?.point ?? null
    const order = this.region.orders.get(id)
    return order?.place ?? this.region.cabinets.get(order?.cabinet ?? '')?.point ?? null
  }

  #mark(picked: Picked | null, chosen: boolean): void {
    if (picked === null || !this.#ready) return
    const source = { cabinet: 'cabinets', courier: 'couriers', order: 'lines' }[picked.kind]
    if (this.#source(source) !== undefined) this.#map.setFeatureState({ source, id: picked.id }, { chosen })
  }

  /** Draws the cabinets that look different; tells whether there are new ones. */
  #drawCabinets(): boolean {
    const diff: Required<Pick<GeoJSONSourceDiff, 'add' | 'update'>> = { add: [], update: [] }
    for (const cabinet of this.region.redrawn) {
      if (cabinet.point === null) continue
      const [status, ready] = [statusOf(cabinet), cabinet.ready]
      const look = `${status} ${ready} ${cabinet.name} ${cabinet.point.lat} ${cabinet.point.lon}`
      const before = this.#drawn.get(cabinet.id)
      if (before === look) continue
      this.#drawn.set(cabinet.id, look)
      if (before === undefined) diff.add.push(featureOf(cabinet))
      else
        diff.update.push({
          id: cabinet.id,
          newGeometry: { type: 'Point', coordinates: positionOf(cabinet.point) },
          addOrUpdateProperties: [
            { key: 'status', value: status },
            { key: 'ready', value: ready },
            { key: 'name', value: cabinet.name },
          ],
        })
    }
    this.region.redrawn.clear()
    if (diff.add.length + diff.update.length > 0) void this.#source('cabinets')?.updateData(diff)
    return diff.add.length > 0
  }

  /** Shows all cabinets, and makes the city as large as they need. */
  #fit(): void {
    this.#fitted = true
    const bounds = new LngLatBounds()
    for (const { point } of this.region.cabinets.values())
      if (point !== null) bounds.extend([point.lon, point.lat])
    const [middle, corner] = [bounds.getCenter(), bounds.getNorthEast()]
    this.#centre = { lat: middle.lat, lon: middle.lng }
    const farM = between(this.#centre, { lat: corner.lat, lon: corner.lng })
    this.#reach = Math.min(MOST_REACH, Math.max(LEAST_REACH, Math.ceil(farM / STREET_M) + 5))
    const edges = { top: ABOVE_PX, right: AROUND_PX, bottom: AROUND_PX, left: AROUND_PX }
    this.#map.fitBounds(bounds, { padding: edges, maxZoom: 15.5, animate: false })
    if (this.ground.kind === 'invented') void this.#grow()
  }

  /** Makes the invented city as large as the region, a source at a time. */
  async #grow(): Promise<void> {
    const { sources } = this.ground.style(this.#centre, this.#dark, this.#reach)
    for (const [name, source] of Object.entries(sources)) {
      if (this.#ended) return
      if (source.type === 'geojson') await this.#source(name)?.setData(source.data)
    }
  }

  #pick(x: number, y: number): void {
    const box: [[number, number], [number, number]] = [
      [x - FINGER_PX, y - FINGER_PX],
      [x + FINGER_PX, y + FINGER_PX],
    ]
    const layers = ['couriers', 'cabinets', 'lines']
    // What is hit comes before what is near: a courier may stand half behind a cabinet.
    const [nearest] = [[x, y] as [number, number], box].flatMap((where) =>
      this.#map.queryRenderedFeatures(where, { layers }),
    )
    const id: unknown = nearest?.properties.id
    if (nearest === undefined || typeof id !== 'string') return
    const kind =
      nearest.layer.id === 'cabinets' ? 'cabinet' : nearest.layer.id === 'couriers' ? 'courier' : 'order'
    this.asked.choose({ kind, id })
  }

  #count(): void {
    for (const layer of ['cabinets', 'couriers', 'lines', 'streets', 'stock'])
      this.container.dataset[layer] = String(drawnIn(this.#map, layer))
  }

  #style(): StyleSpecification {
    const features = [...this.region.cabinets.values()].filter(({ id }) => this.#drawn.has(id)).map(featureOf)
    const geojson = (data: FeatureCollection) => ({ type: 'geojson' as const, data, promoteId: 'id' })
    return upon(
      this.ground.style(this.#centre, this.#dark, this.#reach),
      {
        lines: geojson(linesOf(this.region)),
        cabinets: geojson({ type: 'FeatureCollection', features }),
        couriers: geojson(this.#ready ? couriersOf(this.region) : EMPTY),
      },
      layers(coloursOf(this.#dark)),
    )
  }
}

function positionOf({ lat, lon }: Point): Position {
  return [lon, lat]
}

function featureOf(cabinet: Cabinet): Feature {
  return {
    type: 'Feature',
    properties: { id: cabinet.id, name: cabinet.name, status: statusOf(cabinet), ready: cabinet.ready },
    geometry: { type: 'Point', coordinates: cabinet.point === null ? [0, 0] : positionOf(cabinet.point) },
  }
}

function couriersOf(region: Region): FeatureCollection {
  const features: Feature[] = []
  for (const { id, point, onDuty, jobs, online } of region.couriers.values()) {
    if (point === null || (!onDuty && jobs.length === 0)) continue
    features.push({
      type: 'Feature',
      properties: { id, busy: jobs.length > 0, online: online !== false },
      geometry: { type: 'Point', coordinates: positionOf(point) },
    })
  }
  return { type: 'FeatureCollection', features }
}

function layers(colours: MapColours): LayerSpecification[] {
  const chosen: ExpressionSpecification = ['boolean', ['feature-state', 'chosen'], false]
  const size = (far: number, near: number) => [
    'interpolate',
    ['linear'],
    ['zoom'],
    10,
    far,
    14,
    near,
    17,
    near * 1.3,
  ]
  return [
    {
      id: 'lines',
      type: 'line',
      source: 'lines',
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': ['case', ['==', ['get', 'leg'], 'back'], colours.back, colours.out],
        'line-width': ['case', chosen, 5, 2.5],
        'line-opacity': 0.85,
      },
    },
    {
      id: 'couriers',
      type: 'circle',
      source: 'couriers',
      paint: {
        'circle-radius': size(3, 7) as unknown as number,
        'circle-color': ['case', ['get', 'busy'], colours.courier, colours.idle],
        'circle-stroke-color': [
          'case',
          chosen,
          colours.chosen,
          ['get', 'busy'],
          colours.ring,
          colours.courier,
        ],
        'circle-stroke-width': ['case', chosen, 4, 2.5],
        // A courier who waits at a cabinet stands beside it, and leaves its stock to be read.
        'circle-translate': [
          'interpolate',
          ['linear'],
          ['zoom'],
          10,
          ['literal', [2, 2]],
          14,
          ['literal', [9, 9]],
        ],
        'circle-opacity': ['case', ['get', 'online'], 1, 0.5],
      },
    },
    {
      id: 'cabinets',
      type: 'circle',
      source: 'cabinets',
      layout: {
        'circle-sort-key': ['match', ['get', 'status'], 'fault', 3, 'offline', 2, 'low', 1, 0],
      },
      paint: {
        'circle-radius': size(2.5, 11) as unknown as number,
        'circle-color': [
          'match',
          ['get', 'status'],
          'fault',
          colours.fault,
          'low',
          colours.low,
          'offline',
          colours.ring,
          colours.good,
        ],
        'circle-stroke-color': [
          'case',
          chosen,
          colours.chosen,
          ['==', ['get', 'status'], 'offline'],
          colours.offline,
          colours.ring,
        ],
        'circle-stroke-width': ['case', chosen, 4, ['==', ['get', 'status'], 'offline'], 2.5, 1.2],
      },
    },
    {
      id: 'stock',
      type: 'symbol',
      source: 'cabinets',
      minzoom: 13.2,
      layout: {
        'text-field': ['case', ['==', ['get', 'status'], 'offline'], '–', ['to-string', ['get', 'ready']]],
        'text-size': 11.5,
        'text-allow-overlap': true,
        'text-ignore-placement': true,
      },
      paint: {
        'text-color': ['case', ['==', ['get', 'status'], 'offline'], colours.offline, colours.text],
      },
    },
    {
      id: 'cabinet-names',
      type: 'symbol',
      source: 'cabinets',
      minzoom: 14.8,
      layout: {
        'text-field': ['get', 'name'],
        'text-size': 12,
        'text-offset': [0, 1.6],
        'text-anchor': 'top',
      },
      paint: { 'text-color': colours.chosen, 'text-halo-color': colours.ring, 'text-halo-width': 1.5 },
    },
  ]
}
