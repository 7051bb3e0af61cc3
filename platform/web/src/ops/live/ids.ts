/** Ids that are derived from an order's: `rsv-7a10-1`, `job-7a10-2`, `cmd-7a10-3` belong to `ord-7a10`. */

const DERIVED = /^(?:rsv|job|cmd)-(.+)-\d+$/
const NAMING = ['reservation', 'job', 'command'] as const

/** Returns the order that a derived id belongs to; empty when it belongs to none. */
export function orderOf(derived: string): string {
  const body = DERIVED.exec(derived)?.[1]
  return body === undefined ? '' : `ord-${body}`
}

/** Returns the orders that a message's data names, by their ids or by derived ones. */
export function ordersNamedIn(data: unknown): string[] {
  if (typeof data !== 'object' || data === null) return []
  const members = data as Record<string, unknown>
  if (typeof members.order === 'string') return [members.order]
  for (const name of NAMING) {
    const id = members[name]
    const order = typeof id === 'string' ? orderOf(id) : ''
    if (order !== '') return [order]
  }
  return []
}
