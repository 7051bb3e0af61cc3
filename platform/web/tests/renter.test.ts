import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Arrived } from '../src/protocol/envelope'
import type { OrderView } from '../src/protocol/generated'
import type { Renter } from '../src/rent/renter.svelte'
import type { Kept } from '../src/session/outbox.svelte'
import { openDatabase } from '../src/storage/database'
import { account, away, Gateway, likeABrowser, told } from './gateway'

const HERE = { lat: 43.452, lon: 5.233 }
const PLACE = 'POST /v1/orders'
const READ = 'GET /v1/orders/ord-1'

let gateway: Gateway
let database: IDBDatabase
let renter: Renter
/** What the broker would bring. */
let arrives: (version: number, orders: readonly OrderView[]) => void

beforeEach(async () => {
  vi.resetModules()
  likeABrowser()
  gateway = new Gateway()
  database = await openDatabase('test', new IDBFactory())
  await begin()
})
afterEach(() => {
  renter.stop()
  vi.unstubAllGlobals()
})

/** Opens what the page of the user holds, as a reload does. */
async function begin(): Promise<void> {
  const { session } = await import('../src/session/session.svelte')
  const { Renter } = await import('../src/rent/renter.svelte')
  await session.logIn('one', 'password')
  renter = await Renter.open(account('usr-one'), database, false)
  arrives = (version, orders) => {
    const message = { type: 'chargeloop.rental.user_orders.v1', data: { version, orders } }
    renter.receive({ ids: {}, message } as unknown as Arrived)
  }
}

const view = (order: string, changed = '2026-11-23T12:00:00.000Z') =>
  ({ order, state: 'in_use', quantity: 1, hand_over: 'courier', placed: changed, changed }) as OrderView

const placed = (id: string, state = 'reserving') => told(201, { id, state, quantity: 1 })

test('whoever presses twice orders once, also without a network', async () => {
  gateway.on(PLACE, away)
  await Promise.all([renter.order(HERE, 1), renter.order(HERE, 1)])
  await renter.walkUp(HERE, 1, 'cab-0001')
  expect(renter.waiting).toHaveLength(1)
  expect(renter.placing).toBe(true)
})

test('what is written about an order stays while the platform tells more of it', () => {
  arrives(1, [view('ord-1')])
  const doing = renter.doing.with('ord-1')
  doing.asking = 'dispute'
  doing.complaint = 'I gave it'
  arrives(2, [view('ord-2'), { ...view('ord-1'), state: 'settled' }])
  expect(renter.doing.with('ord-1')).toBe(doing)
  expect(renter.doing.with('ord-2')).not.toBe(doing)
  expect(renter.doing.with('ord-1')).toMatchObject({ asking: 'dispute', complaint: 'I gave it' })
})

test('an order is on its way until it is shown', async () => {
  gateway.on(PLACE, () => placed('ord-1'))
  await renter.order(HERE, 1)
  await vi.waitFor(() => expect(renter.waiting).toEqual([]))
  await renter.order(HERE, 1)
  expect(gateway.count(PLACE)).toBe(1)
  arrives(1, [view('ord-0')])
  expect(renter.placing).toBe(true)
  arrives(2, [view('ord-1'), view('ord-0')])
  expect(renter.placing).toBe(false)
  arrives(3, [view('ord-0')])
  expect(renter.placing).toBe(false)
})

test('an order that is shown before its answer comes is not waited for', async () => {
  gateway.on(PLACE, () => {
    arrives(1, [view('ord-1')])
    return placed('ord-1')
  })
  await renter.order(HERE, 1)
  await vi.waitFor(() => expect(renter.waiting).toEqual([]))
  expect(renter.placing).toBe(false)
})

test('an order that was refused, or has ended long ago, is not waited for', async () => {
  for (const answer of [told(409, { code: 'no_cabinet_near', detail: 'none' }), placed('ord-1', 'settled')]) {
    gateway.on(PLACE, () => answer)
    await renter.order(HERE, 1)
    await vi.waitFor(() => expect(renter.waiting).toEqual([]))
    expect(renter.placing).toBe(false)
  }
})

test('what is done does not hide what was refused', async () => {
  gateway.on('POST /v1/orders/ord-1/cancel', () => told(409, { code: 'wrong_state', detail: 'too late' }))
  gateway.on('POST /v1/orders/ord-1/disputes', () => placed('ord-1'))
  await Promise.all([renter.cancel('ord-1'), renter.dispute('ord-1', null, 'I gave it back')])
  await vi.waitFor(() => expect(renter.waiting).toEqual([]))
  expect(renter.refusal?.code).toBe('wrong_state')
})

const file = (changed: string, events: number) =>
  told(200, { id: 'ord-1', changed, events: Array.from({ length: events }) })

test('an order that could not be read is read when the same news come again', async () => {
  gateway.on(READ, away)
  arrives(1, [view('ord-1')])
  await vi.waitFor(() => expect(gateway.count(READ)).toBe(1))
  gateway.on(READ, () => file('2026-11-23T12:00:00.000Z', 1))
  arrives(1, [view('ord-1')])
  await vi.waitFor(() => expect(renter.files['ord-1']?.events).toHaveLength(1))
  arrives(1, [view('ord-1')])
  expect(gateway.count(READ)).toBe(2)
})

test('an order that could not be read is read without any news', async () => {
  vi.useFakeTimers()
  gateway.on('POST /v1/mqtt-ticket', away)
  gateway.on(READ, away)
  renter.start()
  arrives(1, [view('ord-1')])
  await vi.waitFor(() => expect(gateway.count(READ)).toBe(1))
  gateway.on(READ, () => file('2026-11-23T12:00:00.000Z', 1))
  await vi.advanceTimersByTimeAsync(60_000)
  vi.useRealTimers()
  await vi.waitFor(() => expect(renter.files['ord-1']).toBeDefined())
})

test('an answer that was overtaken changes nothing', async () => {
  const waiting: ((answer: Response) => void)[] = []
  gateway.on(READ, () => new Promise((resolve) => waiting.push(resolve)))
  const reads = [renter.read('ord-1'), renter.read('ord-1')]
  await vi.waitFor(() => expect(waiting).toHaveLength(2))
  waiting[1]?.(file('2026-11-23T12:00:00.002Z', 2))
  waiting[0]?.(file('2026-11-23T12:00:00.001Z', 1))
  await Promise.all(reads)
  expect(renter.files['ord-1']?.events).toHaveLength(2)
})

test('what cannot be kept is told and not asked for, and is when there is room', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  gateway.on(PLACE, () => placed('ord-1'))
  const full = vi.spyOn(database, 'transaction').mockImplementation(() => {
    throw new DOMException('no room', 'QuotaExceededError')
  })
  expect(await renter.order(HERE, 1)).toBe(false)
  expect([renter.unkept, renter.placing, renter.waiting]).toEqual([true, false, []])
  full.mockRestore()
  expect(await renter.order(HERE, 1)).toBe(true)
  expect(renter.unkept).toBe(false)
  await vi.waitFor(() => expect(gateway.count(PLACE)).toBe(1))
})

test('an order that was not sent is taken back, and another one can be made', async () => {
  gateway.on('GET /v1/me', away)
  await renter.order(HERE, 1)
  const [request] = renter.sending as [Kept]
  await renter.takeBack(request)
  expect([renter.waiting, renter.placing, gateway.count(PLACE)]).toEqual([[], false, 0])
})
