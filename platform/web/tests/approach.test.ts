import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Approach } from '../src/rent/approach.svelte'
import { Gateway, likeABrowser, told } from './gateway'

let gateway: Gateway
let courier: Approach

beforeEach(async () => {
  vi.resetModules()
  likeABrowser()
  gateway = new Gateway()
  const { session } = await import('../src/session/session.svelte')
  const { Approach } = await import('../src/rent/approach.svelte')
  await session.logIn('one', 'password')
  courier = new Approach()
})
afterEach(() => vi.unstubAllGlobals())

const near = (minutes: number) =>
  told(200, { courier: 'cou-1', lat: 43.4, lon: 5.2, distance_m: 300, minutes })

test('a courier who comes is followed until nobody looks any more', async () => {
  gateway.on('GET /v1/orders/ord-1/courier', () => near(4))
  const end = courier.follow('ord-1')
  await vi.waitFor(() => expect(courier.place?.minutes).toBe(4))
  end()
  expect(courier.place).toBeNull()
})

test('an answer that comes when nobody looks any more shows no courier', async () => {
  let answer: (response: Response) => void = () => undefined
  gateway.on('GET /v1/orders/ord-1/courier', () => new Promise((resolve) => (answer = resolve)))
  const end = courier.follow('ord-1')
  await vi.waitFor(() => expect(gateway.asked).toHaveLength(1))
  end()
  const late = near(4)
  answer(late)
  await vi.waitFor(() => expect(late.bodyUsed).toBe(true))
  await new Promise(setImmediate)
  expect(courier.place).toBeNull()
})

test.each([
  [0, null, true],
  [10, null, true],
  [90, null, false],
  [10, 'cab-1', false],
])('a courier with %i m to go, by way of %s, is at the door: %s', async (distance_m, by_cabinet, there) => {
  const { isAtDoor } = await import('../src/rent/approach.svelte')
  expect(isAtDoor({ courier: 'cou-1', lat: 43.4, lon: 5.2, by_cabinet, distance_m, minutes: 1 })).toBe(there)
})
