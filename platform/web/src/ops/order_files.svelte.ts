/** The files of the last orders, which alone tell of times and fees. */

import type { OrderBody } from '../session/bodies'
import type { Order } from './live/region'

const AT_ONCE = 4

export class OrderFiles {
  known = $state.raw<ReadonlyMap<string, OrderBody>>(new Map())

  constructor(private readonly ask: (id: string) => Promise<OrderBody>) {}

  /**
   * Asks for what has changed of these orders, a few at a time, and forgets all others.
   *
   * Throws a Problem when one could not be read; those that were read by then are known.
   */
  async read(orders: readonly Order[], wanted: () => boolean): Promise<void> {
    const found = new Map<string, OrderBody>()
    for (const { id } of orders) {
      const file = this.known.get(id)
      if (file !== undefined) found.set(id, file)
    }
    const missing = orders.filter(({ id, state }) => found.get(id)?.state !== state).map(({ id }) => id)
    if (missing.length === 0 && found.size === this.known.size) return
    const one = async (): Promise<void> => {
      for (let id = missing.shift(); id !== undefined && wanted(); id = missing.shift())
        found.set(id, await this.ask(id))
    }
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, one))
    } finally {
      this.known = found
    }
  }
}
