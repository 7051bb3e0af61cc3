/** The cabinets near somebody who brings banks back themselves. */

import type { Point } from '../map/geo'
import { Problem } from '../session/api'
import type { CabinetBody } from '../session/bodies'
import { session } from '../session/session.svelte'

export class Nearby {
  /** Null as long as it is not known which there are. */
  cabinets = $state.raw<readonly CabinetBody[] | null>(null)
  /** Why it could not be learned, or null. */
  fault = $state.raw<Problem | null>(null)
  #turn = 0

  /** Looks around a place; what comes of earlier looks is not shown any more. */
  async look({ lat, lon }: Point): Promise<void> {
    const mine = ++this.#turn
    this.fault = null
    try {
      const found = await session.call<{ cabinets: readonly CabinetBody[] }>(
        `/v1/cabinets?lat=${lat}&lon=${lon}`,
      )
      if (mine === this.#turn) this.cabinets = found.cabinets
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (mine !== this.#turn) return
      this.cabinets = null
      this.fault = error
    }
  }
}
