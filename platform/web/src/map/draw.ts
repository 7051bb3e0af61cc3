/** The map itself, in a file of its own: it is large, and loaded when somebody looks at it. */

import {
  type LngLat,
  LngLatBounds,
  type Map as MapView,
  Marker,
  type GeoJSONSource,
  type StyleSpecification,
} from 'maplibre-gl'
import type { Feature } from 'geojson'
import type { Basemap } from '../session/bodies'
import { type Ground, groundOf } from './draw_ground'
import { drawnIn, viewOf } from './draw_view'
import { Framed } from './framed'
import type { Point } from './geo'
import { upon } from './draw_upon'

export { prepare } from './draw_view'

export type MarkKind = 'me' | 'cabinet' | 'user' | 'courier'

export interface Mark {
  readonly id: string
  readonly kind: MarkKind
  readonly point: Point
  readonly label: string
  /** A few characters inside the mark, such as a number. */
  readonly text?: string
  readonly faded?: boolean
}

export interface Scene {
  readonly centre: Point
  readonly marks: readonly Mark[]
  readonly line: readonly Point[]
  readonly dark: boolean
}

export interface Asked {
  readonly pick?: (point: Point) => void
  readonly choose?: (id: string) => void
  /** What an invented city is called. */
  readonly invented: string
}

const ZOOM = 14.6
const CLOSEST = 16.2

export class Drawing {
  readonly bare: boolean
  readonly #map: MapView
  readonly #marks = new Map<string, Marker>()
  #scene: Scene
  readonly #framed = new Framed()
  #ready = false

  /** Loads what the scene is drawn on, and draws it as it is by then. */
  static async open(
    container: HTMLElement,
    basemap: Basemap | null,
    scene: () => Scene,
    asked: Asked,
  ): Promise<Drawing> {
    const ground = await groundOf(basemap, asked.invented)
    return new Drawing(container, ground, scene(), asked)
  }

  private constructor(
    container: HTMLElement,
    private readonly ground: Ground,
    scene: Scene,
    private readonly asked: Asked,
  ) {
    this.#scene = scene
    this.bare = ground.kind === 'bare'
    this.#map = viewOf(container, ground, 'bottom-right', {
      style: style(ground, scene),
      center: [scene.centre.lon, scene.centre.lat],
      zoom: ZOOM,
    })
    this.#map.on('load', () => {
      this.#ready = true
      this.show(this.#scene)
    })
    this.#map.on('idle', () => {
      // What is drawn can be asked for by who tests it.
      container.dataset.streets = String(drawnIn(this.#map, 'streets'))
    })
    const { pick } = asked
    if (pick !== undefined) this.#letPick(pick)
  }

  /** Where the map is tapped; by keys its middle, which the arrows move. */
  #letPick(pick: (point: Point) => void): void {
    const at = ({ lat, lng }: LngLat) => pick({ lat, lon: lng })
    this.#map.on('click', ({ lngLat }) => at(lngLat))
    this.#map.getCanvas().addEventListener('keydown', ({ key }) => {
      if (key === 'Enter') at(this.#map.getCenter())
    })
  }

  show(scene: Scene): void {
    const darkened = scene.dark !== this.#scene.dark
    this.#scene = scene
    if (darkened) {
      this.#map.setStyle(style(this.ground, scene), { diff: false })
      void this.#map.once('style.load', () => this.#drawLine())
    }
    this.#drawMarks()
    if (!this.#ready) return
    this.#drawLine()
    this.#fit()
  }

  end(): void {
    this.#map.remove()
  }

  #drawLine(): void {
    const source = this.#map.getSource<GeoJSONSource>('line')
    void source?.setData(lineOf(this.#scene.line))
  }

  #drawMarks(): void {
    const wanted = new Set(this.#scene.marks.map((mark) => mark.id))
    for (const [id, marker] of this.#marks) {
      if (wanted.has(id)) continue
      marker.remove()
      this.#marks.delete(id)
    }
    for (const mark of this.#scene.marks) {
      let marker = this.#marks.get(mark.id)
      if (marker === undefined) {
        marker = new Marker({ element: this.#element(mark.id), anchor: 'center' })
        marker.setLngLat([mark.point.lon, mark.point.lat]).addTo(this.#map)
        this.#marks.set(mark.id, marker)
      }
      marker.setLngLat([mark.point.lon, mark.point.lat])
      const element = marker.getElement()
      for (const kind of ['me', 'cabinet', 'user', 'courier'] as const)
        element.classList.toggle(kind, kind === mark.kind)
      element.classList.toggle('faded', mark.faded ?? false)
      element.textContent = mark.text ?? ''
      element.setAttribute('aria-label', mark.label)
      element.title = mark.label
    }
  }

  #element(id: string): HTMLElement {
    const choose = this.asked.choose
    const element = document.createElement(choose === undefined ? 'div' : 'button')
    element.className = 'map-mark'
    if (choose === undefined) element.setAttribute('role', 'img')
    element.addEventListener('click', (event) => {
      if (choose === undefined) return
      event.stopPropagation()
      choose(id)
    })
    return element
  }

  /** Shows all marks, when there is one that was not there before. */
  #fit(): void {
    if (!this.#framed.takes(this.#scene.marks)) return
    const bounds = new LngLatBounds()
    for (const { point } of this.#scene.marks) bounds.extend([point.lon, point.lat])
    this.#map.fitBounds(bounds, { padding: 56, maxZoom: CLOSEST, animate: false })
  }
}

function lineOf(points: readonly Point[]): Feature {
  return {
    type: 'Feature',
    properties: {},
    geometry: { type: 'LineString', coordinates: points.map((point) => [point.lon, point.lat]) },
  }
}

function style(ground: Ground, { centre, dark, line }: Scene): StyleSpecification {
  const way = { type: 'geojson', data: lineOf(line) } as const
  return upon(ground.style(centre, dark), { line: way }, [
    {
      id: 'way',
      type: 'line',
      source: 'line',
      layout: { 'line-cap': 'round' },
      paint: { 'line-color': dark ? '#5fd4b3' : '#0b6b57', 'line-width': 3, 'line-dasharray': [0.1, 2] },
    },
  ])
}
