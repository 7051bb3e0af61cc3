/** Where the courier is who comes: the gateway is asked, for no message to the user tells it. */

import { Problem } from '../session/api'
import type { ApproachBody } from '../session/bodies'
import { session } from '../session/session.svelte'

const LOOK_MS = 7_000
// As near as phones can tell where they are.
const AT_DOOR_M = 30

export class Approach {
  place = $state.raw<ApproachBody | null>(null)

  /** Looks now and again until the returned function is called. */
  follow(order: string): () => void {
    let over = false
    const look = () => {
      session
        .call<ApproachBody>(`/v1/orders/${order}/courier`)
        .then((found) => {
          if (!over) this.place = found
        })
        .catch((error: unknown) => {
          if (!(error instanceof Problem)) throw error
          if (error.status === 404 && !over) this.place = null
        })
    }
    look()
    const looking = setInterval(look, LOOK_MS)
    return () => {
      over = true
      clearInterval(looking)
      this.place = null
    }
  }
}

/** Tells whether a courier has come: nothing is left of the way, as near as that can be told. */
export function isAtDoor({ by_cabinet, distance_m }: ApproachBody): boolean {
  return by_cabinet === null && distance_m < AT_DOOR_M
}
