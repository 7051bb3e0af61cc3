/** The files of the last orders, which alone tell of times and fees. */

import type { OrderBody } from '../session/bodies'
import type { Order } from './live/region'

const AT_ONCE = 4

export class OrderFiles {
  known = $state.raw<ReadonlyMap<string, OrderBody>>(new Map())
  // The time of a message may be later than that of the change it tells of: each is reason for one question only.
  readonly #askedForMs = new Map<string, number>()

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
    for (const id of this.#askedForMs.keys()) if (!found.has(id)) this.#askedForMs.delete(id)
    const missing = orders.filter((order) => this.#isOld(found.get(order.id), order))
    if (missing.length === 0 && found.size === this.known.size) return
    const one = async (): Promise<void> => {
      for (let order = missing.shift(); order !== undefined && wanted(); order = missing.shift()) {
        const { id, changedMs } = order
        found.set(id, await this.ask(id))
        this.#askedForMs.set(id, changedMs)
      }
    }
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, one))
    } finally {
      this.known = found
    }
  }

  /** Tells whether something has happened since the file was read: a fee may be waived long after the end. */
  #isOld(file: OrderBody | undefined, { id, state, changedMs }: Order): boolean {
    if (file?.state !== state) return true
    return changedMs > Math.max(Date.parse(file.changed), this.#askedForMs.get(id) ?? 0)
  }
}
