/** What somebody is doing with their orders: it outlasts the place that an order has on the page. */

export class Doing {
  /** What they are being asked about. */
  asking = $state<'cancel' | 'return' | 'walk' | 'dispute' | null>(null)
  /** What they have written of a dispute that is not sent. */
  complaint = $state('')
  /** What a cabinet's display says; null: nothing yet. */
  display = $state<string | null>(null)
  /** Where the banks of somebody who has walked there lie, until they are taken: in use, the order names no cabinet. */
  tray = $state<string | null>(null)
  /** Whether the receipt is open. */
  receipt = $state(false)
}

export class AllDoing {
  readonly #byOrder = new Map<string, Doing>()

  /** Takes what orders there are; not while they are drawn, for what is made then is not drawn again. */
  know(orders: readonly string[]): void {
    for (const order of orders) if (!this.#byOrder.has(order)) this.#byOrder.set(order, new Doing())
  }

  /** Returns what is being done with an order that is known. */
  with(order: string): Doing {
    const doing = this.#byOrder.get(order)
    if (doing === undefined) throw new Error(`${order} is not known here`)
    return doing
  }
}
