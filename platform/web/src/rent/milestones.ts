/** What its user is shown of an order, out of its state: the few steps of it, and what can be done. */

import type { OrderView } from '../protocol/generated'

export type Milestone =
  | 'placed'
  | 'courier'
  | 'on-the-way'
  | 'unlocking'
  | 'yours'
  | 'asked-back'
  | 'collector'
  | 'going-back'
  | 'done'

const BROUGHT: readonly Milestone[] = ['placed', 'courier', 'on-the-way', 'yours']
const WALKED: readonly Milestone[] = ['placed', 'unlocking', 'yours']
const BACK: readonly Milestone[] = ['asked-back', 'collector', 'going-back', 'done']
const REACHED: Readonly<Record<string, Milestone>> = {
  reserving: 'placed',
  dispatching: 'placed',
  unlocking: 'unlocking',
  fetching: 'courier',
  delivering: 'on-the-way',
  in_use: 'yours',
  return_reserving: 'asked-back',
  return_dispatching: 'asked-back',
  collecting: 'collector',
  returning: 'going-back',
  settled: 'done',
}
const FINAL = new Set(['settled', 'cancelled', 'failed'])
const CANCELLABLE = new Set(['reserving', 'dispatching', 'fetching', 'delivering'])
const GOING_BACK = new Set(['return_reserving', 'return_dispatching', 'collecting', 'returning'])

export interface Stage {
  readonly line: readonly Milestone[]
  /** How many of the line are reached. */
  readonly reached: number
}

/** Returns the line of steps an order is on; null when it was called off. */
export function stageOf({ state, hand_over }: Pick<OrderView, 'state' | 'hand_over'>): Stage | null {
  const milestone = REACHED[state]
  if (milestone === undefined) return null
  const out = hand_over === 'walk_up' ? WALKED : BROUGHT
  const line = out.includes(milestone) ? out : BACK
  return { line, reached: line.indexOf(milestone) + 1 }
}

/** Returns the order for which a courier rings at the door: as long as the order has them stand there. */
export function orderAtDoor(
  orders: readonly OrderView[],
  courier: string,
  delivering: boolean,
): OrderView | null {
  const state = delivering ? 'delivering' : 'collecting'
  return orders.find((order) => order.courier === courier && order.state === state) ?? null
}

const COMING = new Set(['fetching', 'delivering', 'collecting'])

export const isComing = (state: string): boolean => COMING.has(state)
export const hasEnded = (state: string): boolean => FINAL.has(state)
export const canCancel = (state: string): boolean => CANCELLABLE.has(state)
export const isInUse = (state: string): boolean => state === 'in_use' || GOING_BACK.has(state)
