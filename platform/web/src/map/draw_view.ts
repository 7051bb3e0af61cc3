/** The map that every view is drawn on: it lies flat, names its sources, and follows the size of its place. */

import {
  AttributionControl,
  type ControlPosition,
  Map as MapView,
  type MapOptions,
  NavigationControl,
  setWorkerUrl,
} from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import type { Ground } from './draw_ground'

// Without this the built page finds no worker, and layers stay blank.
setWorkerUrl(workerUrl)

/** Fetches what the map needs and has not loaded yet, so that it is kept for where there is no network. */
export async function prepare(): Promise<void> {
  await fetch(workerUrl)
}

/** Makes a map in the container, with its buttons in a corner. */
export function viewOf(
  container: HTMLElement,
  { attribution }: Ground,
  buttons: ControlPosition,
  options: Omit<MapOptions, 'container'>,
): MapView {
  const view = new MapView({
    container,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    ...options,
  })
  view.touchZoomRotate.disableRotation()
  view.addControl(new NavigationControl({ showCompass: false }), buttons)
  view.addControl(
    new AttributionControl({
      compact: false,
      ...(attribution === '' ? {} : { customAttribution: attribution }),
    }),
    'bottom-left',
  )
  // Sizes of the page settle after the map is made.
  new ResizeObserver(() => view.resize()).observe(container)
  return view
}

/** Counts what is drawn in these layers, for who tests it. */
export function drawnIn(view: MapView, layer: string): number {
  if (view.getLayer(layer) === undefined) return 0
  const features = view.queryRenderedFeatures({ layers: [layer] })
  return new Set(features.map(({ properties }, index) => (properties.id as string | undefined) ?? index)).size
}
