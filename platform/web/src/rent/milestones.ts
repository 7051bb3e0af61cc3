/** The few steps of an order that its user is shown, out of its state. */

export type Milestone =
  'placed' | 'courier' | 'on-the-way' | 'yours' | 'asked-back' | 'collector' | 'going-back' | 'done'

const OUT: readonly Milestone[] = ['placed', 'courier', 'on-the-way', 'yours']
const BACK: readonly Milestone[] = ['asked-back', 'collector', 'going-back', 'done']
const REACHED: Readonly<Record<string, Milestone>> = {
  reserving: 'placed',
  dispatching: 'placed',
  unlocking: 'placed',
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
const BEFORE_HAND_OVER = new Set(['reserving', 'dispatching', 'fetching', 'delivering', 'unlocking'])
const GOING_BACK = new Set(['return_reserving', 'return_dispatching', 'collecting', 'returning'])

export interface Stage {
  readonly line: readonly Milestone[]
  /** How many of the line are reached. */
  readonly reached: number
}

/** Returns the line of steps an order is on; null when it was called off. */
export function stageOf(state: string): Stage | null {
  const milestone = REACHED[state]
  if (milestone === undefined) return null
  const line = OUT.includes(milestone) ? OUT : BACK
  return { line, reached: line.indexOf(milestone) + 1 }
}

const COMING = new Set(['fetching', 'delivering', 'collecting'])

export const isComing = (state: string): boolean => COMING.has(state)
export const hasEnded = (state: string): boolean => FINAL.has(state)
export const canCancel = (state: string): boolean => BEFORE_HAND_OVER.has(state)
export const isInUse = (state: string): boolean => state === 'in_use' || GOING_BACK.has(state)
