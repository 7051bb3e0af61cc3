import { expect, test } from 'vitest'
import { type OrderView, SCHEMAS } from '../src/protocol/generated'
import { canCancel, hasEnded, isInUse, orderAtDoor, stageOf } from '../src/rent/milestones'

const states = (SCHEMAS.OrderState as { enum: OrderView['state'][] }).enum

const BY_COURIER = ['dispatching', 'fetching', 'delivering']

test.each([
  ['courier', ['unlocking']],
  ['walk_up', BY_COURIER],
] as const)('an order by %s that goes well is always somewhere on a line of steps', (hand_over, never) => {
  const lost = ['recalling', 'cancelled', 'failed', ...never]
  for (const state of states.filter((one) => !lost.includes(one))) {
    const stage = stageOf({ state, hand_over })
    expect(stage?.reached, state).toBeGreaterThan(0)
    expect(stage?.reached, state).toBeLessThanOrEqual(stage?.line.length ?? 0)
  }
})

test('who walks to a cabinet is shown no courier', () => {
  for (const state of ['reserving', 'unlocking', 'in_use'] as const)
    expect(stageOf({ state, hand_over: 'walk_up' })?.line).toEqual(['placed', 'unlocking', 'yours'])
})

test('a courier is at the door as long as the order has them there, and for no other order', () => {
  const order = (state: OrderView['state'], courier = 'cou-1') => ({ state, courier }) as OrderView
  const ringing = states.filter((state) => orderAtDoor([order(state)], 'cou-1', true) !== null)
  expect(ringing).toEqual(['delivering'])
  const fetching = states.filter((state) => orderAtDoor([order(state)], 'cou-1', false) !== null)
  expect(fetching).toEqual(['collecting'])
  expect(orderAtDoor([order('delivering', 'cou-2')], 'cou-1', true)).toBeNull()
})

test('an order can be called off only before the banks are handed over', () => {
  expect(states.filter(canCancel)).toEqual(['reserving', 'dispatching', 'fetching', 'delivering'])
  expect(states.filter((state) => canCancel(state) && (isInUse(state) || hasEnded(state)))).toEqual([])
})
