/** What the gateway tells of one thing, asked for again with each message about it. */

import { Problem } from '../session/api'

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

export class Followed<T> {
  /** As it was told last; null: not yet. */
  told = $state.raw<T | null>(null)
  problem = $state.raw<Problem | null>(null)
  /** Since when it could not be read; null: it could be when it was asked for last. */
  unreadSinceMs = $state.raw<number | null>(null)
  #loading: Promise<void> | null = null
  #again = false
  #pauseMs = 0
  #planned: ReturnType<typeof setTimeout> | undefined
  #left = false

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly now: () => number = Date.now,
  ) {}

  /** Asks now, and again whenever the number of the last message about it is another. For a component's beginning. */
  follow(last: () => number): void {
    $effect(() => {
      last()
      void this.load()
    })
    $effect(() => () => this.stop())
  }

  /** Nobody looks any more: what could not be read is not asked for again. */
  stop(): void {
    this.#left = true
    clearTimeout(this.#planned)
  }

  /** Asks, one question at a time: what is on its way may be older than what the caller has heard of. */
  load(): Promise<void> {
    this.#again = true
    return (this.#loading ??= this.#untilCurrent())
  }

  async #untilCurrent(): Promise<void> {
    clearTimeout(this.#planned)
    try {
      while (this.#again) {
        this.#again = false
        await this.#once()
      }
    } finally {
      this.#loading = null
    }
    // There may be no further message about it: without another try the old state would stand for good.
    if (this.problem?.passes !== true) this.#pauseMs = 0
    else if (!this.#left) {
      this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
      this.#planned = setTimeout(() => void this.load(), this.#pauseMs)
    }
  }

  async #once(): Promise<void> {
    try {
      this.told = await this.ask()
      this.problem = null
      this.unreadSinceMs = null
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.problem = error
      this.unreadSinceMs ??= this.now()
    }
  }
}
