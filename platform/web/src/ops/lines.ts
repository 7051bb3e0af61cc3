/** Orders as lines on the map: from where the courier is, by what is still to be visited. */

import type { FeatureCollection, Position } from 'geojson'
import { type Point, pointOf } from '../map/geo'
import type { WorkJob } from '../protocol/generated'
import { orderOf } from './live/ids'
import { ENDED, type Region } from './live/region'

/** Returns a line for each order that a courier works on or that waits for one. */
export function linesOf(region: Region): FeatureCollection {
  const lines: FeatureCollection = { type: 'FeatureCollection', features: [] }
  const served = new Set<string>()
  for (const courier of region.couriers.values()) {
    for (const job of courier.jobs) {
      const id = orderOf(job.job)
      served.add(id)
      add(lines, id, job.leg, way(job, courier.point))
    }
  }
  for (const { id, state, cabinet, place } of region.orders.values()) {
    if (place === null || cabinet === null || served.has(id) || ENDED.has(state)) continue
    const from = region.cabinets.get(cabinet)?.point ?? null
    const waits = state === 'dispatching' || state === 'return_dispatching'
    if (from !== null && waits) add(lines, id, state === 'dispatching' ? 'outward' : 'back', [from, place])
  }
  return lines
}

function add(lines: FeatureCollection, id: string, leg: string, points: readonly Point[]): void {
  if (points.length < 2) return
  const coordinates: Position[] = points.map(({ lat, lon }) => [lon, lat])
  lines.features.push({
    type: 'Feature',
    properties: { id, leg },
    geometry: { type: 'LineString', coordinates },
  })
}

function way({ leg, step, cabinet_location, user_location }: WorkJob, courier: Point | null): Point[] {
  const [cabinet, user] = [pointOf(cabinet_location), pointOf(user_location)]
  const first = leg === 'outward' ? cabinet : user
  const second = leg === 'outward' ? user : cabinet
  const toFirst = leg === 'outward' ? ['to_cabinet', 'at_cabinet'] : ['to_user', 'at_user']
  const rest = step === 'bring_back' ? [cabinet] : toFirst.includes(step) ? [first, second] : [second]
  return courier === null ? rest : [courier, ...rest]
}
