/**
 * What the page looks at instead of thousands of records: two counters that move when something has changed, at
 * most four times and once a second.
 */

class Pulse {
  quick = $state(0)
  slow = $state(0)
}

const QUICK_MS = 250
const SLOW_MS = 1_000

export class Beat {
  readonly pulse = new Pulse()
  #quickAt = -Infinity
  #slowAt = -Infinity
  #stale = { quick: false, slow: false }

  /** Something has changed. */
  mark(): void {
    this.#stale.quick = this.#stale.slow = true
  }

  /** Lets the page look again when it is time; `nowMs` is a steady clock. */
  tick(nowMs: number): void {
    if (this.#stale.quick && nowMs - this.#quickAt >= QUICK_MS) {
      this.#quickAt = nowMs
      this.#stale.quick = false
      this.pulse.quick += 1
    }
    if (this.#stale.slow && nowMs - this.#slowAt >= SLOW_MS) {
      this.#slowAt = nowMs
      this.#stale.slow = false
      this.pulse.slow += 1
    }
  }
}

/** Returns the value; what is computed from it is computed again when the counter moves. */
export function since<T>(_counter: number, value: T): T {
  return value
}
