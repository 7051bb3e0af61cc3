/** Where the courier is who comes: the gateway is asked, for no message to the user tells it. */

import { Problem } from '../session/api'
import type { ApproachBody } from '../session/bodies'
import { session } from '../session/session.svelte'

const LOOK_MS = 7_000

export class Approach {
  place = $state.raw<ApproachBody | null>(null)

  /** Looks now and again until the returned function is called. */
  follow(order: string): () => void {
    const look = () => {
      session
        .call<ApproachBody>(`/v1/orders/${order}/courier`)
        .then((found) => (this.place = found))
        .catch((error: unknown) => {
          if (!(error instanceof Problem)) throw error
          if (error.status === 404) this.place = null
        })
    }
    look()
    const looking = setInterval(look, LOOK_MS)
    return () => {
      clearInterval(looking)
      this.place = null
    }
  }
}
