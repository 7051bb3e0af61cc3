/** What somebody asks for once, however often they have to press. */

import { Problem } from '../session/api'

export class Attempt {
  #key: string

  constructor(private readonly newKey: () => string = () => crypto.randomUUID()) {
    this.#key = newKey()
  }

  /**
   * Asks under one key: what may have been carried out is asked for again and not a second time.
   *
   * Throws what `ask` throws. A refusal is an answer, which the key would only bring again: the next try has another.
   */
  async make(ask: (key: string) => Promise<void>): Promise<void> {
    try {
      await ask(this.#key)
    } catch (error) {
      if (error instanceof Problem && !error.passes) this.#key = this.newKey()
      throw error
    }
  }
}
