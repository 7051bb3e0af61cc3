import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openDatabase } from '../src/storage/database'
import { away, Gateway, likeABrowser, told } from './gateway'

const HERE = { lat: 31.23, lon: 121.47 }
const NEXT_DOOR = { lat: 31.231, lon: 121.47 }
const AWAY = { lat: 43.452, lon: 5.233 }
const look = ({ lat, lon }: typeof HERE) => `GET /v1/cabinets?lat=${lat}&lon=${lon}&radius_m=20000`
const cabinet = { cabinet: 'cab-1', name: 'Harbour Café', ...HERE }

let gateway: Gateway
let database: IDBDatabase

beforeEach(async () => {
  vi.resetModules()
  vi.spyOn(console, 'info').mockImplementation(() => undefined)
  likeABrowser()
  gateway = new Gateway()
  gateway.on('GET /v1/tariff', () => told(200, { currency: 'CNY' }))
  gateway.on(look(HERE), () => told(200, { cabinets: [cabinet] }))
  gateway.on(look(AWAY), () => told(200, { cabinets: [] }))
  database = await openDatabase('test', new IDBFactory())
  const { session } = await import('../src/session/session.svelte')
  await session.logIn('one', 'password')
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

async function opened() {
  const { Facts } = await import('../src/courier/facts.svelte')
  return Facts.open(database)
}

test('the names of cabinets are asked for when it is known where the courier is, and once', async () => {
  const facts = await opened()
  await facts.learn(null)
  expect([facts.tariff?.currency, gateway.asked.length]).toEqual(['CNY', 1])
  await facts.learn(HERE)
  await facts.learn(NEXT_DOOR)
  expect(facts.nameOf('cab-1')).toBe('Harbour Café')
  expect(gateway.asked).toHaveLength(2)
})

test('where no cabinet is near, the names that are known stay, also after a reload', async () => {
  await (await opened()).learn(HERE)
  const facts = await opened()
  await facts.learn(AWAY)
  expect(gateway.count(look(AWAY))).toBe(1)
  expect(facts.nameOf('cab-1')).toBe('Harbour Café')
  expect((await opened()).nameOf('cab-1')).toBe('Harbour Café')
})

test('what could not be learned is asked for again', async () => {
  gateway.on(look(HERE), away)
  const facts = await opened()
  await facts.learn(HERE)
  expect([facts.nameOf('cab-1'), facts.tariff?.currency]).toEqual([null, 'CNY'])
  gateway.on(look(HERE), () => told(200, { cabinets: [cabinet] }))
  await facts.learn(HERE)
  expect(facts.nameOf('cab-1')).toBe('Harbour Café')
})

test('a refusal that was put away stays so after a reload', async () => {
  const facts = await opened()
  facts.dismiss('jnl-1.4')
  await vi.waitFor(async () => expect([...(await opened()).seen]).toEqual(['jnl-1.4']))
})
