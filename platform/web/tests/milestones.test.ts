import { expect, test } from 'vitest'
import { SCHEMAS } from '../src/protocol/generated'
import { canCancel, hasEnded, isInUse, stageOf } from '../src/rent/milestones'

const states = (SCHEMAS.OrderState as { enum: string[] }).enum

test('an order that goes well is always somewhere on a line of steps', () => {
  for (const state of states.filter((one) => !['recalling', 'cancelled', 'failed'].includes(one))) {
    const stage = stageOf(state)
    expect(stage?.reached, state).toBeGreaterThan(0)
    expect(stage?.reached, state).toBeLessThanOrEqual(stage?.line.length ?? 0)
  }
})

test('an order can be called off only before the banks are handed over', () => {
  expect(states.filter(canCancel)).toEqual([
    'reserving',
    'dispatching',
    'fetching',
    'delivering',
    'unlocking',
  ])
  expect(states.filter((state) => canCancel(state) && (isInUse(state) || hasEnded(state)))).toEqual([])
})
