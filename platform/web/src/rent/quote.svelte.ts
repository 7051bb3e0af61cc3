/** What an order would cost, and whether it can be had: asked for a place and a quantity, and again while it is needed. */

import { between, type Point } from '../map/geo'
import { Problem } from '../session/api'
import type { QuoteBody } from '../session/bodies'
import { session } from '../session/session.svelte'

// Who walks is told the same fees for so long: what is shown would come and go with each step.
const SAME_PLACE_M = 50
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

export class Quoting {
  /** What is quoted for the place and the quantity that were asked for last; null as long as it is not there. */
  quote = $state.raw<QuoteBody | null>(null)
  /** Why the last question was not answered, or null. */
  fault = $state.raw<Problem | null>(null)
  #quoted: { readonly place: Point; readonly quantity: number } | null = null
  #ask: () => void = () => undefined

  /** Asks until the returned function is called: after a fault, and as long as nothing is ready near the place. */
  follow(place: Point, quantity: number): () => void {
    if (!this.#isQuoted(place, quantity)) this.quote = null
    let turn = 0
    let pauseMs = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const path = `/v1/quote?lat=${place.lat}&lon=${place.lon}&quantity=${quantity}`
    const ask = async () => {
      const mine = ++turn
      clearTimeout(timer)
      try {
        const found = await session.call<QuoteBody>(path)
        if (mine !== turn) return
        this.quote = found
        this.#quoted = { place, quantity }
        this.fault = null
        pauseMs = 0
        if (found.cabinet === null) timer = setTimeout(() => void ask(), LONGEST_PAUSE_MS)
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        if (mine !== turn) return
        this.quote = null
        this.fault = error
        pauseMs = Math.min(Math.max(2 * pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
        timer = setTimeout(() => void ask(), Math.max(pauseMs, (error.retryAfterS ?? 0) * 1_000))
      }
    }
    this.#ask = () => void ask()
    this.#ask()
    return () => {
      turn += 1
      clearTimeout(timer)
      this.#ask = () => undefined
    }
  }

  /** Asks now, unless the answer is there. */
  hurry(): void {
    if (this.quote === null) this.#ask()
  }

  #isQuoted(place: Point, quantity: number): boolean {
    const quoted = this.#quoted
    return quoted?.quantity === quantity && between(quoted.place, place) <= SAME_PLACE_M
  }
}
