/** What the gateway tells of one thing, asked for again with each message about it. */

import { Problem } from '../session/api'

export class Followed<T> {
  /** As it was told last; null: not yet. */
  told = $state.raw<T | null>(null)
  problem = $state.raw<Problem | null>(null)
  #loading: Promise<void> | null = null
  #again = false

  constructor(private readonly ask: () => Promise<T>) {}

  /** Asks now, and again whenever the number of the last message about it is another. For a component's beginning. */
  follow(last: () => number): void {
    $effect(() => {
      last()
      void this.load()
    })
  }

  /** Asks, one question at a time: what is on its way may be older than what the caller has heard of. */
  load(): Promise<void> {
    this.#again = true
    return (this.#loading ??= this.#untilCurrent())
  }

  async #untilCurrent(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false
        await this.#once()
      }
    } finally {
      this.#loading = null
    }
  }

  async #once(): Promise<void> {
    try {
      this.told = await this.ask()
      this.problem = null
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.problem = error
    }
  }
}
