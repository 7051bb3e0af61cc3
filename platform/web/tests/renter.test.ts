import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Arrived } from '../src/protocol/envelope'
import type { OrderView } from '../src/protocol/generated'
import type { Renter } from '../src/rent/renter.svelte'
import { openDatabase } from '../src/storage/database'
import { account, Gateway, likeABrowser, told } from './gateway'

const HERE = { lat: 43.452, lon: 5.233 }
const AWAY = () => Promise.reject(new TypeError('the network is away'))

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
  gateway.answers = AWAY
  await Promise.all([renter.order(HERE, 1), renter.order(HERE, 1)])
  await renter.walkUp(HERE, 1, 'cab-0001')
  expect(renter.waiting).toHaveLength(1)
  expect(renter.placing).toBe(true)
})

test('an order is on its way until it is shown', async () => {
  gateway.answers = () => placed('ord-1')
  await renter.order(HERE, 1)
  await vi.waitFor(() => expect(renter.waiting).toEqual([]))
  await renter.order(HERE, 1)
  expect(gateway.of('/v1/orders')).toHaveLength(1)
  arrives(1, [view('ord-0')])
  expect(renter.placing).toBe(true)
  arrives(2, [view('ord-1'), view('ord-0')])
  expect(renter.placing).toBe(false)
  arrives(3, [view('ord-0')])
  expect(renter.placing).toBe(false)
})

test('an order that is shown before its answer comes is not waited for', async () => {
  gateway.answers = () => {
    arrives(1, [view('ord-1')])
    return placed('ord-1')
  }
  await renter.order(HERE, 1)
  await vi.waitFor(() => expect(renter.waiting).toEqual([]))
  expect(renter.placing).toBe(false)
})

test('an order that was refused, or has ended long ago, is not waited for', async () => {
  for (const answer of [told(409, { code: 'no_cabinet_near', detail: 'none' }), placed('ord-1', 'settled')]) {
    gateway.answers = () => answer
    await renter.order(HERE, 1)
    await vi.waitFor(() => expect(renter.waiting).toEqual([]))
    expect(renter.placing).toBe(false)
  }
})
