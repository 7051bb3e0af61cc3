import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Quoting } from '../src/rent/quote.svelte'
import { away, Gateway, likeABrowser, told } from './gateway'

const HERE = { lat: 43.452, lon: 5.233 }
const NEXT_DOOR = { lat: 43.4521, lon: 5.233 }
const FAR = { lat: 43.46, lon: 5.233 }
const MINUTE_MS = 60_000

let gateway: Gateway
let quoting: Quoting

beforeEach(async () => {
  vi.resetModules()
  likeABrowser()
  gateway = new Gateway()
  const { session } = await import('../src/session/session.svelte')
  const { Quoting } = await import('../src/rent/quote.svelte')
  await session.logIn('one', 'password')
  quoting = new Quoting()
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const asking = ({ lat, lon }: typeof HERE, quantity: number) =>
  `GET /v1/quote?lat=${lat}&lon=${lon}&quantity=${quantity}`
const quoted = (cabinet: string | null, quantity = 1) => told(200, { cabinet, quantity })
const soon = () => vi.advanceTimersByTimeAsync(0)

test('a quote is shown for the quantity and the place that it was asked for', async () => {
  gateway.on(asking(HERE, 1), () => quoted('cab-1'))
  quoting.follow(HERE, 1)
  await soon()
  expect(quoting.quote?.quantity).toBe(1)
  quoting.stop()
  gateway.on(asking(HERE, 2), away)
  quoting.follow(HERE, 2)
  expect(quoting.quote).toBeNull()
  await soon()
  expect([quoting.quote, quoting.fault?.status]).toEqual([null, 0])
  quoting.stop()
  quoting.follow(HERE, 1)
  await soon()
  expect([quoting.quote?.quantity, quoting.fault]).toEqual([1, null])
  quoting.stop()
  gateway.on(asking(NEXT_DOOR, 1), () => new Promise(() => undefined))
  gateway.on(asking(FAR, 1), () => new Promise(() => undefined))
  quoting.follow(NEXT_DOOR, 1)
  expect(quoting.quote).not.toBeNull()
  quoting.stop()
  quoting.follow(FAR, 1)
  expect(quoting.quote).toBeNull()
})

test('after a fault it is asked again, ever later up to a minute, and at once when the network is back', async () => {
  gateway.on(asking(HERE, 1), away)
  quoting.follow(HERE, 1)
  await soon()
  for (const [asked, waitMs] of [1_000, 2_000, 4_000].entries()) {
    expect(gateway.count(asking(HERE, 1))).toBe(asked + 1)
    await vi.advanceTimersByTimeAsync(waitMs)
  }
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS)
  const asked = gateway.count(asking(HERE, 1))
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  expect(gateway.count(asking(HERE, 1))).toBe(asked + 1)
  gateway.on(asking(HERE, 1), () => quoted('cab-1'))
  quoting.hurry()
  await soon()
  expect([quoting.quote?.cabinet, quoting.fault]).toEqual(['cab-1', null])
  quoting.hurry()
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS)
  expect(gateway.count(asking(HERE, 1))).toBe(asked + 2)
  quoting.stop()
})

test('while nothing is ready near it is looked again every minute, until nobody looks any more', async () => {
  gateway.on(asking(HERE, 1), () => quoted(null))
  quoting.follow(HERE, 1)
  await soon()
  expect(quoting.quote?.cabinet).toBeNull()
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS)
  expect(gateway.count(asking(HERE, 1))).toBe(3)
  quoting.stop()
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS)
  expect(gateway.count(asking(HERE, 1))).toBe(3)
})

test('an answer that was overtaken by another wish is not shown', async () => {
  let answer: (response: Response) => void = () => undefined
  gateway.on(asking(HERE, 1), () => new Promise((resolve) => (answer = resolve)))
  gateway.on(asking(HERE, 2), () => quoted('cab-1', 2))
  quoting.follow(HERE, 1)
  await soon()
  quoting.stop()
  quoting.follow(HERE, 2)
  await soon()
  answer(quoted('cab-1'))
  await soon()
  expect(quoting.quote?.quantity).toBe(2)
})

test('who walks on a slow network gets the answer that is on its way', async () => {
  let answer: (response: Response) => void = () => undefined
  gateway.on(asking(HERE, 1), () => new Promise((resolve) => (answer = resolve)))
  quoting.follow(HERE, 1)
  quoting.follow(NEXT_DOOR, 1)
  await soon()
  expect(gateway.asked.map(({ what }) => what)).toEqual([asking(HERE, 1)])
  answer(quoted('cab-1'))
  await soon()
  expect(quoting.quote?.cabinet).toBe('cab-1')
  gateway.on(asking(NEXT_DOOR, 1), () => quoted('cab-2'))
  quoting.follow(NEXT_DOOR, 1)
  await soon()
  expect(quoting.quote?.cabinet).toBe('cab-2')
})
