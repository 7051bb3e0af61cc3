import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { DeviceClock } from '../src/device/clock'
import { Journal } from '../src/device/journal'
import { Link } from '../src/device/link.svelte'
import { openDatabase } from '../src/storage/database'
import { account, Broker } from './broker'

async function linked(factory = new IDBFactory(), clock = new DeviceClock()) {
  const broker = new Broker()
  const database = await openDatabase('test', factory)
  const journal = await Journal.open(database, account.id, () => 'jnl-1')
  const link = new Link({
    account,
    clock,
    journal,
    topics: ['courier_ack'],
    receive: () => undefined,
    admit: () =>
      Promise.resolve({ ticket: 't', credentials: { client_id: 'cou-1', username: 'cou-1', password: 'x' } }),
    dial: broker.dial,
    random: () => 0,
  })
  return { broker, database, journal, link }
}

const decline = (offer: string) =>
  ({ type: 'chargeloop.courier.offer_declined.v1', data: { offer } }) as const

test('an act without a connection is sent when there is one, and again until it is acknowledged', async () => {
  const { broker, journal, link } = await linked()
  await link.record([decline('off-1')])
  void link.run()
  await vi.waitFor(() => expect(broker.events()).toHaveLength(1))
  broker.cut()
  await vi.waitFor(() => expect(broker.events()).toHaveLength(2))
  broker.acknowledge('jnl-1', 1)
  await vi.waitFor(() => expect(journal.pending).toEqual([]))
  broker.cut()
  await vi.waitFor(() => expect(broker.dials).toHaveLength(3))
  expect(new Set(broker.events().map((event) => event.id))).toEqual(new Set(['jnl-1.1']))
  expect(broker.events()).toHaveLength(2)
  link.stop()
})

test('a gap is filled from the first entry that was not taken, in order', async () => {
  const { broker, link } = await linked()
  void link.run()
  await vi.waitFor(() => expect(link.state).toBe('online'))
  await link.record([decline('off-1'), decline('off-2'), decline('off-3')])
  broker.acknowledge('jnl-1', 1, true)
  await vi.waitFor(() => expect(broker.events().map((event) => event.seq)).toEqual([1, 2, 3, 2, 3]))
  link.stop()
})

test('what another page of the account has recorded is sent with the next act, in order', async () => {
  const browser = new IDBFactory()
  const [before, now] = [await linked(browser), await linked(browser)]
  void now.link.run()
  await vi.waitFor(() => expect(now.link.state).toBe('online'))
  await before.link.record([decline('off-1')])
  await now.link.record([decline('off-2')])
  await vi.waitFor(() => expect(now.broker.events().map((event) => event.seq)).toEqual([1, 2]))
  now.link.stop()
})

test('what another page has had acknowledged meanwhile is not sent again', async () => {
  const browser = new IDBFactory()
  const before = await linked(browser)
  await before.link.record([decline('off-1'), decline('off-2')])
  const now = await linked(browser)
  await before.journal.acknowledge('jnl-1', 1)
  void now.link.run()
  await vi.waitFor(() => expect(now.broker.events().map((event) => event.seq)).toEqual([2]))
  expect(now.link.state).toBe('online')
  now.link.stop()
})

test('an acknowledgement that cannot be kept leaves its entry, and the next one is taken', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const { broker, database, journal, link } = await linked()
  void link.run()
  await vi.waitFor(() => expect(link.state).toBe('online'))
  await link.record([decline('off-1'), decline('off-2')])
  const full = vi.spyOn(database, 'transaction').mockImplementation(() => {
    throw new DOMException('no room', 'QuotaExceededError')
  })
  broker.acknowledge('jnl-1', 1)
  await vi.waitFor(() => expect(told).toHaveBeenCalled())
  expect(journal.pending.map((entry) => entry.seq)).toEqual([1, 2])
  full.mockRestore()
  broker.acknowledge('jnl-1', 2)
  await vi.waitFor(() => expect(journal.pending).toEqual([]))
  told.mockRestore()
  link.stop()
})

test('the will says offline under the number of its own connection, which rises', async () => {
  const { broker, link } = await linked()
  void link.run()
  await vi.waitFor(() => expect(broker.dials).toHaveLength(1))
  broker.cut()
  await vi.waitFor(() => expect(broker.dials).toHaveLength(2))
  const [first, second] = broker.dials.map(
    (dial) =>
      (JSON.parse(dial.will?.payload ?? '') as { data: { state: string; connection_epoch: number } }).data,
  )
  expect(first?.state).toBe('offline')
  expect(second?.connection_epoch).toBeGreaterThan(first?.connection_epoch ?? Infinity)
  link.stop()
})

test('after a sleep the time is asked for at once, and an answer from before it counts no more', async () => {
  const time = { wallMs: Date.now(), boots: 0 }
  const clock = new DeviceClock({
    wall: () => time.wallMs,
    monotonic: () => 0,
    newBoot: () => `boot-${String(++time.boots)}`,
  })
  const { broker, link } = await linked(undefined, clock)
  broker.tellsTime = false
  void link.run()
  const probes = () => broker.heard('courier_time')
  for (const count of [1, 2]) {
    await vi.waitFor(() => expect(probes()).toHaveLength(count))
    broker.tellTime('2026-11-23T12:00:00.000Z')
  }
  time.wallMs += 60_000
  await vi.waitFor(() => expect(probes()).toHaveLength(3))
  expect(probes()[2]?.bootid).not.toBe(probes()[1]?.bootid)
  time.wallMs += 60_000
  broker.tellTime('2026-11-23T13:00:00.000Z')
  expect(clock.knowsPlatform).toBe(false)
  await vi.waitFor(() => expect(probes()).toHaveLength(4))
  broker.tellTime('2026-11-23T14:00:00.000Z')
  expect(clock.platformMs()).toBe(Date.parse('2026-11-23T14:00:00.000Z'))
  link.stop()
})

const READ_AT = '2026-11-23T12:00:00.000Z'

/** What has been published of probes and entries, in order: an entry's number, or whether the probe reports. */
const order = (broker: Broker) =>
  broker.published.flatMap(({ payload }) => {
    const { seq, data } = JSON.parse(payload) as { seq?: number; data: { previous?: unknown } }
    return seq ?? ('previous' in data ? (data.previous === null ? 'asks' : 'reports') : [])
  })

test('what a boot has recorded goes behind the probe that reports its first exchange', async () => {
  const { broker, link } = await linked()
  broker.tellsTime = false
  await link.record([decline('off-1')])
  void link.run()
  await vi.waitFor(() => expect(order(broker)).toEqual(['asks']))
  broker.tellTime(READ_AT)
  expect(order(broker)).toEqual(['asks', 'reports', 1])
  broker.tellTime(READ_AT)
  broker.cut()
  await vi.waitFor(() => expect(order(broker).slice(3)).toEqual(['reports', 1]))
  link.stop()
})

test('what was recorded before this boot does not wait for the time', async () => {
  const browser = new IDBFactory()
  const before = await linked(browser)
  await before.link.record([decline('off-1')])
  const { broker, link } = await linked(browser)
  broker.tellsTime = false
  await link.record([decline('off-2')])
  void link.run()
  await vi.waitFor(() => expect(order(broker)).toEqual(['asks', 1]))
  link.stop()
})

test('a platform that does not tell the time is waited for only so long', async () => {
  const now = vi.spyOn(performance, 'now')
  const { broker, link } = await linked()
  broker.tellsTime = false
  await link.record([decline('off-1')])
  void link.run()
  await vi.waitFor(() => expect(order(broker)).toEqual(['asks']))
  now.mockReturnValue(performance.now() + 10_001)
  await vi.waitFor(() => expect(broker.events().map((event) => event.seq)).toEqual([1]))
  now.mockRestore()
  link.stop()
})

test('a courier is said to be on line again with each later probe: a broker may have dropped it', async () => {
  const now = vi.spyOn(performance, 'now')
  const { broker, link } = await linked()
  void link.run()
  await vi.waitFor(() => expect(order(broker)).toEqual(['asks', 'reports']))
  expect(broker.heard('courier_connection')).toHaveLength(1)
  now.mockReturnValue(performance.now() + 300_001)
  await vi.waitFor(() => expect(order(broker)).toEqual(['asks', 'reports', 'reports']))
  const said = broker.heard('courier_connection')
  expect(said.map(({ data }) => data)).toEqual([said[0]?.data, said[0]?.data])
  now.mockRestore()
  link.stop()
})

test('what is recorded after a sleep waits for an exchange of its own', async () => {
  const time = { wallMs: Date.now(), boots: 0 }
  const clock = new DeviceClock({
    wall: () => time.wallMs,
    monotonic: () => 0,
    newBoot: () => `boot-${String(++time.boots)}`,
  })
  const { broker, link } = await linked(undefined, clock)
  void link.run()
  await vi.waitFor(() => expect(order(broker)).toEqual(['asks', 'reports']))
  broker.tellsTime = false
  time.wallMs += 60_000
  await link.record([decline('off-1')])
  await vi.waitFor(() => expect(order(broker)).toEqual(['asks', 'reports', 'asks']))
  broker.tellTime(READ_AT)
  expect(order(broker)).toEqual(['asks', 'reports', 'asks', 'reports', 1])
  link.stop()
})

test('a network that is lost again and again is tried again and again', async () => {
  const { broker, link } = await linked()
  void link.run()
  for (const count of [1, 2, 3, 4, 5]) {
    await vi.waitFor(() => expect(broker.dials).toHaveLength(count))
    await vi.waitFor(() => expect(link.state).toBe('online'))
    broker.cut()
  }
  await vi.waitFor(() => expect(broker.dials).toHaveLength(6))
  link.stop()
})

test('connections that the broker ends at once again and again mean that somebody else uses the account', async () => {
  const { broker, link } = await linked()
  const running = link.run()
  for (const count of [1, 2, 3]) {
    await vi.waitFor(() => expect(broker.dials).toHaveLength(count))
    await vi.waitFor(() => expect(link.state).toBe('online'))
    broker.end()
  }
  await running
  expect(link.state).toBe('elsewhere')
})
