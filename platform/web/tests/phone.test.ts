import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Point } from '../src/map/geo'
import type { JobOffered, Work, WorkJob } from '../src/protocol/generated'
import { openDatabase } from '../src/storage/database'
import { account, Broker } from './broker'

// The session looks into the browser's store when it is loaded.
vi.hoisted(() => {
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
  vi.stubGlobal('navigator', { locks: { request: () => new Promise(() => undefined) } })
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"ticket":"t"}')))
})
const { session } = await import('../src/session/session.svelte')
const { Phone } = await import('../src/courier/phone.svelte')
session.mqtt = { client_id: 'cou-1', username: 'cou-1', password: 'x' }

const place = { lat_e7: 434_520_000, lon_e7: 52_330_000 }
const offer: JobOffered = {
  offer: 'off-1',
  job: 'job-1',
  leg: 'outward',
  quantity: 2,
  cabinet_location: place,
  user_location: place,
  distance_m: 300,
  pay_minor: 200,
  pay_max_minor: 650,
  currency: 'EUR',
}
const job: WorkJob = {
  job: 'job-1',
  leg: 'outward',
  step: 'to_cabinet',
  quantity: 2,
  cabinet: 'cab-1',
  cabinet_location: place,
  user: 'usr-1',
  user_location: place,
  reservation: 'rsv-1',
  code: '1234',
  banks: [],
  deliver_by: '2026-11-23T12:45:00.000Z',
}
const work = (version: number, given: WorkJob): Work => ({ version, on_duty: true, jobs: [given] })
const at = { lat: 43.452, lon: 5.233 }

const seen = (check: () => void) => vi.waitFor(check, 10_000)

let database: IDBDatabase
let broker: Broker
let here: Point | null
const phones: Awaited<ReturnType<typeof Phone.open>>[] = []

beforeEach(async () => {
  database = await openDatabase('test', new IDBFactory())
  broker = new Broker()
  here = at
})
afterEach(() => {
  for (const phone of phones.splice(0)) phone.stop()
  vi.restoreAllMocks()
})

async function opened() {
  const phone = await Phone.open(account, database, () => here, broker.dial)
  phones.push(phone)
  return phone
}

async function online() {
  const phone = await opened()
  phone.start()
  await seen(() => expect(phone.link.state).toBe('online'))
  return phone
}

test('an offer is not held to be over by a wall clock that is fast', async () => {
  broker.tellsTime = false
  const phone = await online()
  const aMinuteAgo = new Date(Date.now() - 60_000).toISOString()
  broker.say('courier_offer', 'chargeloop.courier.job_offered.v1', offer, { expirytime: aMinuteAgo })
  const { now } = phone
  await seen(() => expect(phone.now).toBeGreaterThan(now))
  expect(phone.offers).toMatchObject([{ offer: 'off-1', ended: null }])
  broker.tellTime(new Date(Date.now() - 120_000).toISOString())
  await seen(() => expect(phone.now).toBeLessThan(now))
  expect(phone.offers).toMatchObject([{ offer: 'off-1', ended: null }])
})

test('who is remembered begins another boot when the session tells how fast the world runs', async () => {
  const phone = await opened()
  await phone.goOnDuty(true, at)
  session.speed = 60
  phone.start()
  await seen(() => expect(broker.heard('courier_time')).not.toEqual([]))
  expect(broker.heard('courier_time')[0]?.bootid).not.toBe(broker.events()[0]?.bootid)
  session.speed = 1
})

test('a step that the platform has does not fall back when its answer is lost, nor after a reload', async () => {
  const phone = await online()
  broker.say('courier_work', 'chargeloop.courier.work.v1', work(1, job))
  await phone.act('chargeloop.courier.arrived_at_cabinet.v1', { job: 'job-1' })
  const [arrived] = broker.events()
  broker.acknowledge(arrived?.journalid ?? '', 1)
  await seen(() => expect(phone.waiting).toEqual([]))
  broker.refuses = Infinity
  broker.cut()
  const problem = { job: 'job-1', problem: 'cabinet_gave_nothing' } as const
  await phone.act('chargeloop.courier.problem_reported.v1', problem)
  expect(phone.tasks).toMatchObject([{ todo: 'take-banks' }])
  phone.stop()

  broker.refuses = 0
  const after = await online()
  expect(after.tasks).toMatchObject([{ todo: 'take-banks' }])
  broker.say('courier_work', 'chargeloop.courier.work.v1', work(2, { ...job, step: 'to_user' }))
  expect(after.tasks).toMatchObject([{ todo: 'go-to-user' }])
})

test('what cannot be kept is told and not done: an offer stays open, and is accepted when there is room', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const phone = await opened()
  const open = { ...offer, until: Infinity, taken: false, ended: null }
  phone.offers = [open]
  const full = vi.spyOn(database, 'transaction').mockImplementation(() => {
    throw new DOMException('no room', 'QuotaExceededError')
  })
  await phone.answer(open, true)
  expect([phone.unkept, phone.offers, phone.trips, phone.waiting]).toEqual([true, [open], [], []])
  expect(await phone.act('chargeloop.courier.arrived_at_cabinet.v1', { job: 'job-1' })).toBe(false)
  full.mockRestore()
  await phone.answer(open, true)
  expect([phone.unkept, phone.offers]).toEqual([false, [{ ...open, taken: true }]])
  expect(phone.trips).toMatchObject([{ offer: 'off-1' }])
  expect(phone.waiting).toMatchObject([{ type: 'chargeloop.courier.offer_accepted.v1' }])
})

test('a place that is not known is not told', async () => {
  here = null
  const phone = await online()
  broker.say('courier_work', 'chargeloop.courier.work.v1', work(1, job))
  await phone.act('chargeloop.courier.arrived_at_cabinet.v1', { job: 'job-1' })
  phone.sayWhere()
  expect(broker.heard('courier_position')).toEqual([])
  here = at
  phone.sayWhere()
  expect(broker.heard('courier_position')).toHaveLength(1)
})

test('a trip whose delivery was refused and whose banks were put back has not come to its goal', async () => {
  const phone = await online()
  await phone.answer({ ...offer, until: Infinity, taken: false, ended: null }, true)
  broker.say(
    'courier_work',
    'chargeloop.courier.work.v1',
    work(1, { ...job, step: 'at_user', banks: ['bnk-1'] }),
  )
  await phone.act('chargeloop.courier.delivered.v1', { job: 'job-1', code: '0000', banks: ['bnk-1'] })
  expect(phone.trips).toMatchObject([{ reached: true, to: null }])
  const wrong = broker.events().at(-1)
  broker.acknowledge(wrong?.journalid ?? '', wrong?.seq ?? 0)
  await seen(() => expect(phone.waiting).toEqual([]))
  broker.say('courier_work', 'chargeloop.courier.work.v1', {
    ...work(2, { ...job, step: 'bring_back', banks: ['bnk-1'] }),
    refusals: [{ event: wrong?.id ?? '', reason: 'wrong_code' }],
  })
  expect(phone.trips).toMatchObject([{ reached: false }])
  await phone.act('chargeloop.courier.put_back.v1', { job: 'job-1', banks: ['bnk-1'] })
  broker.say('courier_work', 'chargeloop.courier.work.v1', { version: 3, on_duty: true, jobs: [] })
  expect(phone.trips).toMatchObject([{ reached: false, given: true }])
  expect(phone.trips[0]?.to).not.toBeNull()
})

test('a trip back has come to its goal when the banks are in a cabinet', async () => {
  const phone = await online()
  await phone.answer({ ...offer, leg: 'back', until: Infinity, taken: false, ended: null }, true)
  const back: WorkJob = { ...job, leg: 'back', step: 'at_cabinet', banks: ['bnk-1'] }
  broker.say('courier_work', 'chargeloop.courier.work.v1', work(1, back))
  await phone.act('chargeloop.courier.put_back.v1', { job: 'job-1', banks: ['bnk-1'] })
  broker.say('courier_work', 'chargeloop.courier.work.v1', { version: 2, on_duty: true, jobs: [] })
  expect(phone.trips).toMatchObject([{ reached: true, given: true }])
})

test.each([
  ['whose banks a cabinet has seen', [], true],
  ['that was given up', ['gave_up'], false],
] as const)('a trip back %s ends without a word about its goal', async (_, said, brought) => {
  const phone = await online()
  await phone.answer({ ...offer, leg: 'back', until: Infinity, taken: false, ended: null }, true)
  const back: WorkJob = { ...job, leg: 'back', step: 'at_cabinet', banks: ['bnk-1'] }
  broker.say('courier_work', 'chargeloop.courier.work.v1', work(1, back))
  for (const type of said)
    await phone.act(`chargeloop.courier.${type}.v1`, { job: 'job-1', reason: 'a puncture', banks: ['bnk-1'] })
  broker.say('courier_work', 'chargeloop.courier.work.v1', { version: 2, on_duty: true, jobs: [] })
  expect(phone.trips).toMatchObject([{ reached: false, given: true, brought }])
  expect(phone.trips[0]?.to).not.toBeNull()
})

test('a refusal goes by itself when its job has gone past the step it was about, also after a reload', async () => {
  const phone = await online()
  const there: WorkJob = { ...job, leg: 'back', step: 'at_user' }
  broker.say('courier_work', 'chargeloop.courier.work.v1', work(1, there))
  await phone.act('chargeloop.courier.collected.v1', { job: 'job-1', code: '0000', banks: ['bnk-1'] })
  const refusals = [{ event: broker.events().at(-1)?.id ?? '', reason: 'wrong hand-over code' }]
  broker.say('courier_work', 'chargeloop.courier.work.v1', { ...work(2, there), refusals })
  expect(phone.refusals).toMatchObject(refusals)
  phone.stop()

  const after = await online()
  expect(after.refusals).toMatchObject(refusals)
  const gone = { ...work(3, { ...there, step: 'to_cabinet', banks: ['bnk-1'] }), refusals }
  broker.say('courier_work', 'chargeloop.courier.work.v1', gone)
  expect(after.refusals).toEqual([])
})
