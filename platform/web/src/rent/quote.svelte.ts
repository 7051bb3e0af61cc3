/** What an order would cost, and whether it can be had: asked for a place and a quantity, and again while it is needed. */

import { between, type Point } from '../map/geo'
import { Problem } from '../session/api'
import type { QuoteBody } from '../session/bodies'
import { session } from '../session/session.svelte'

// Who walks is told the same fees for so long: what is shown would come and go with each step.
const SAME_PLACE_M = 50
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

interface Wish {
  readonly place: Point
  readonly quantity: number
}

export class Quoting {
  /** What is quoted for the place and the quantity that were asked for last; null as long as it is not there. */
  quote = $state.raw<QuoteBody | null>(null)
  /** Why the last question was not answered, or null. */
  fault = $state.raw<Problem | null>(null)
  #quoted: Wish | null = null
  #wish: Wish | null = null
  #isOnItsWay = false
  #turn = 0
  #pauseMs = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  /**
   * Asks until `stop`: after a fault, and as long as nothing is ready near the place. To be called with each place.
   *
   * A question that is on its way about the same place is kept: on a slow network who walks would get no answer.
   */
  follow(place: Point, quantity: number): void {
    const wish = { place, quantity }
    if (this.#isOnItsWay && isSame(this.#wish, wish)) return
    if (!isSame(this.#quoted, wish)) this.quote = null
    this.#wish = wish
    this.#pauseMs = 0
    void this.#ask()
  }

  /** Asks no more; what is on its way is not shown. */
  stop(): void {
    this.#wish = null
    this.#isOnItsWay = false
    this.#turn += 1
    clearTimeout(this.#timer)
  }

  /** Asks now, unless the answer is there. */
  hurry(): void {
    if (this.quote === null) void this.#ask()
  }

  async #ask(): Promise<void> {
    const wish = this.#wish
    if (wish === null) return
    const mine = ++this.#turn
    clearTimeout(this.#timer)
    this.#isOnItsWay = true
    const { place, quantity } = wish
    try {
      const found = await session.call<QuoteBody>(
        `/v1/quote?lat=${place.lat}&lon=${place.lon}&quantity=${quantity}`,
      )
      if (mine !== this.#turn) return
      this.quote = found
      this.#quoted = wish
      this.fault = null
      this.#pauseMs = 0
      if (found.cabinet === null) this.#askIn(LONGEST_PAUSE_MS)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (mine !== this.#turn) return
      this.quote = null
      this.fault = error
      this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
      this.#askIn(Math.max(this.#pauseMs, (error.retryAfterS ?? 0) * 1_000))
    } finally {
      if (mine === this.#turn) this.#isOnItsWay = false
    }
  }

  #askIn(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#ask(), delayMs)
  }
}

function isSame(known: Wish | null, { place, quantity }: Wish): boolean {
  return known?.quantity === quantity && between(known.place, place) <= SAME_PLACE_M
}
