/** Where the courier is who comes: the gateway is asked, for no message to the user tells it. */

import { Problem } from '../session/api'
import type { ApproachBody } from '../session/bodies'
import { session } from '../session/session.svelte'

const LOOK_MS = 7_000

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
