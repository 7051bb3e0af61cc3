import { expect, test } from 'vitest'
import { Packer } from '../../src/ops/live/batch'
import { Region, statusOf, unplaced } from '../../src/ops/live/region'
import { countOf, Tree } from '../../src/ops/live/tree'
import { linesOf } from '../../src/ops/lines'
import type { CabinetBody } from '../../src/session/bodies'

const ENCODER = new TextEncoder()
let number = 0

function told(
  region: Region,
  path: string,
  type: string,
  data: unknown,
  time = '2026-11-23T12:00:00.000Z',
  retained = false,
): void {
  number += 1
  const [role, id] = path.split('/')
  const message = { specversion: '1.0', id: `m-${number}`, source: `${role}/${id}`, type, time, data }
  const bytes = ENCODER.encode(JSON.stringify(message))
  region.take(number, `cl/v1/demo/${path}`, bytes, 0, bytes.byteLength, 5_000 + number, retained)
}

const at = (lat: number, lon: number) => ({ lat_e7: lat * 1e7, lon_e7: lon * 1e7 })
const slots = (version: number, states: readonly string[]) => ({
  version,
  journal: 'jnl-1',
  after_seq: 0,
  slots: states.map((state, index) => ({ slot: index + 1, state })),
})
const SLOTS = 'chargeloop.cabinet.slots_snapshot.v1'
const CONNECTION = 'chargeloop.common.connection_state.v1'

function cabinet(region: Region, id = 'cab-1') {
  const found = region.cabinets.get(id)
  if (found === undefined) throw new Error(`no ${id}`)
  return found
}

test('a cabinet is counted by its slots, and its worst trouble is named first', () => {
  const region = new Region('demo')
  told(region, 'cabinet/cab-1/slots', SLOTS, slots(2, ['ready', 'ready', 'empty', 'charging']))
  expect(cabinet(region)).toMatchObject({ ready: 2, free: 1, faulty: 0 })
  expect(statusOf(cabinet(region))).toBe('good')
  told(region, 'cabinet/cab-1/slots', SLOTS, slots(3, ['ready', 'charging', 'empty', 'charging']))
  expect(statusOf(cabinet(region))).toBe('low')
  told(region, 'cabinet/cab-1/slots', SLOTS, slots(4, ['ready', 'faulty', 'empty', 'charging']))
  expect(statusOf(cabinet(region))).toBe('fault')
  told(region, 'cabinet/cab-1/connection', CONNECTION, { state: 'offline', connection_epoch: 2 })
  expect(statusOf(cabinet(region))).toBe('offline')
})

test('an older snapshot and the will of an older connection change nothing', () => {
  const region = new Region('demo')
  told(region, 'cabinet/cab-1/slots', SLOTS, slots(9, ['ready', 'ready']))
  told(region, 'cabinet/cab-1/slots', SLOTS, slots(8, ['empty', 'empty']))
  told(region, 'cabinet/cab-1/connection', CONNECTION, { state: 'online', connection_epoch: 7 })
  told(region, 'cabinet/cab-1/connection', CONNECTION, { state: 'offline', connection_epoch: 6 })
  expect(cabinet(region)).toMatchObject({ ready: 2, online: true })
})

test('what is no message, or not as its schema says, is counted and believed in nothing', () => {
  const region = new Region('demo')
  told(region, 'cabinet/cab-1/slots', SLOTS, { version: 'one' })
  const bytes = ENCODER.encode('{"no')
  region.take(99, 'cl/v1/demo/cabinet/cab-1/info', bytes, 0, bytes.byteLength, 1, false)
  expect(region.unreadable).toBe(2)
  expect(cabinet(region)).toMatchObject({ version: 0, point: null })
})

test('a reading is noted as heard and not read', () => {
  const region = new Region('demo')
  const before = region.versions.cabinets
  const bytes = ENCODER.encode('not even JSON')
  region.take(41, 'cl/v1/demo/cabinet/cab-1/telemetry', bytes, 0, bytes.byteLength, 7_000, false)
  expect(cabinet(region)).toMatchObject({ readingSeq: 41, heardMs: 7_000 })
  expect(region.unreadable).toBe(0)
  expect(region.versions.cabinets).toBe(before)
})

/** Tells what the broker has kept, perhaps for days. */
function kept(region: Region, path: string, type: string, data: unknown): void {
  told(region, path, type, data, '2026-11-20T12:00:00.000Z', true)
}

test('what was retained is no word of just now, of a cabinet or of a courier', () => {
  const region = new Region('demo')
  kept(region, 'cabinet/cab-1/connection', CONNECTION, { state: 'online', connection_epoch: 1 })
  kept(region, 'cabinet/cab-1/slots', SLOTS, slots(2, ['ready']))
  kept(region, 'courier/cou-1/connection', CONNECTION, { state: 'online', connection_epoch: 1 })
  expect(cabinet(region)).toMatchObject({ online: true, ready: 1, heardMs: 0 })
  expect(region.couriers.get('cou-1')).toMatchObject({ online: true, heardMs: 0 })
  told(region, 'cabinet/cab-1/slots', SLOTS, slots(3, ['ready']))
  told(region, 'courier/cou-1/connection', CONNECTION, { state: 'online', connection_epoch: 2 })
  expect(cabinet(region).heardMs).toBeGreaterThan(0)
  expect(region.couriers.get('cou-1')?.heardMs).toBeGreaterThan(0)
})

test('what is said to a cabinet, or by the broker when its connection is lost, is no word of it', () => {
  const region = new Region('demo')
  told(region, 'cabinet/cab-1/command', 'chargeloop.cabinet.report_inventory.v1', { epoch: 1 })
  told(region, 'cabinet/cab-1/connection', CONNECTION, { state: 'offline', connection_epoch: 1 })
  expect(cabinet(region).heardMs).toBe(0)
})

const listed = (usable: boolean): CabinetBody => ({
  cabinet: 'cab-1',
  name: 'Harbour Café',
  lat: 43,
  lon: 5,
  distance_m: null,
  usable,
  ready_banks: 4,
  free_slots: 2,
})

test.each(['list', 'retained'])(
  'a cabinet that the gateway cannot use is offline until it is heard, when the %s comes first',
  (first) => {
    const region = new Region('demo')
    const steps = [
      () => region.listedCabinets([{ ...listed(false), last_seen: new Date(7_000).toISOString() }]),
      () => {
        kept(region, 'cabinet/cab-1/connection', CONNECTION, { state: 'online', connection_epoch: 1 })
        kept(region, 'cabinet/cab-1/slots', SLOTS, slots(2, ['ready', 'ready']))
      },
    ]
    for (const step of first === 'list' ? steps : steps.reverse()) step()
    expect(statusOf(cabinet(region))).toBe('offline')
    expect(cabinet(region).heardMs).toBe(7_000)
    region.redrawn.clear()
    const bytes = ENCODER.encode('{}')
    region.take(77, 'cl/v1/demo/cabinet/cab-1/telemetry', bytes, 0, bytes.byteLength, 9_000, false)
    expect(statusOf(cabinet(region))).toBe('good')
    expect(region.redrawn.has(cabinet(region))).toBe(true)
    // A page of the list that comes late is older than what was heard.
    region.listedCabinets([{ ...listed(false), last_seen: new Date(8_000).toISOString() }])
    expect(cabinet(region).heardMs).toBe(9_000)
    expect(statusOf(cabinet(region))).toBe('good')
  },
)

test('an order moves on, and an older word of it is late', () => {
  const region = new Region('demo')
  const moved = 'chargeloop.rental.order_moved.v1'
  const step = (to_state: string, time: string) =>
    told(region, 'order/ord-7a10/event', moved, { order: 'ord-7a10', event: 'x', to_state }, time)
  step('delivering', '2026-11-23T12:05:00.000Z')
  step('fetching', '2026-11-23T12:02:00.000Z')
  expect(region.orders.get('ord-7a10')?.state).toBe('delivering')
  expect(region.worldMs).toBe(Date.parse('2026-11-23T12:05:00.000Z'))
})

test('an order is a line from its courier by what is still to be visited', () => {
  const region = new Region('demo')
  told(region, 'courier/cou-1/position', 'chargeloop.courier.position.v1', { location: at(1, 1) })
  told(region, 'courier/cou-1/work', 'chargeloop.courier.work.v1', {
    version: 1,
    on_duty: true,
    jobs: [
      {
        job: 'job-7a10-1',
        leg: 'outward',
        step: 'to_cabinet',
        quantity: 1,
        cabinet: 'cab-1',
        cabinet_location: at(2, 2),
        user: 'usr-1',
        user_location: at(3, 3),
        reservation: 'rsv-7a10-1',
        code: '402913',
        deliver_by: '2026-11-23T12:45:00.000Z',
      },
    ],
  })
  const [line] = linesOf(region).features
  expect(line?.properties).toEqual({ id: 'ord-7a10', leg: 'outward' })
  expect(line?.geometry).toMatchObject({
    coordinates: [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  })
})

test('messages about an order are kept for it, a repeat once', () => {
  const region = new Region('demo')
  const bytes = ENCODER.encode(
    JSON.stringify({
      id: 'jnl-1:4',
      type: 'chargeloop.cabinet.bank_ejected.v1',
      time: '2026-11-23T12:00:00.000Z',
      data: { slot: 1, bank: 'bnk-1', reservation: 'rsv-7a10-1' },
    }),
  )
  for (const seq of [1, 2])
    region.take(seq, 'cl/v1/demo/cabinet/cab-1/event', bytes, 0, bytes.byteLength, 1, false)
  expect(region.trails.of('ord-7a10').map(({ id }) => id)).toEqual(['jnl-1:4'])
  expect(region.trails.of('cab-1')).toHaveLength(1)
})

test('the tree of topics counts orders together and cabinets one by one', () => {
  const region = new Region('demo')
  for (const id of ['ord-1', 'ord-2'])
    told(region, `order/${id}/event`, 'chargeloop.rental.order_moved.v1', {
      order: id,
      event: 'x',
      to_state: 'failed',
    })
  told(region, 'cabinet/cab-1/slots', SLOTS, slots(1, []))
  const tree = new Tree()
  const [root] = tree.grow(region.branches)
  if (root === undefined) throw new Error('no tree')
  expect([root.name, root.filter, countOf(root)]).toEqual(['cl/v1/demo', 'cl/v1/demo/#', 3])
  const orders = root.children.get('order')?.children.get('+')?.children.get('event')
  expect(orders?.filter).toBe('cl/v1/demo/order/+/event')
  told(region, 'cabinet/cab-2/slots', SLOTS, slots(1, []))
  expect([...(tree.grow(region.branches)[0]?.children.get('cabinet')?.children.keys() ?? [])]).toEqual([
    'cab-1',
    'cab-2',
  ])
  expect(countOf(root)).toBe(4)
})

test('a batch carries each payload between its ends, and what is left waits', () => {
  const packer = new Packer()
  for (const [index, text] of ['ab', '', 'cde'].entries())
    packer.add(`t/${index}`, ENCODER.encode(text), index, index === 1)
  const first = packer.take(2)
  expect([...first.ends]).toEqual([2, 2])
  expect([...first.retained]).toEqual([0, 1])
  expect(packer).toMatchObject({ count: 1, size: 3 })
  expect(new TextDecoder().decode(packer.take(9).bytes)).toBe('cde')
})

test('an order that has ended keeps the cabinet and the courier that it had to do with', () => {
  const region = new Region('demo')
  const view = (state: string, changed: string, more: object) => ({
    order: 'ord-1',
    state,
    quantity: 1,
    hand_over: 'courier',
    placed: '2026-11-23T12:00:00.000Z',
    changed,
    ...more,
  })
  const tell = (state: string, changed: string, more: object = {}) => {
    const data = { version: number, orders: [view(state, changed, more)] }
    told(region, 'user/usr-1/orders', 'chargeloop.rental.user_orders.v1', data)
    return region.orders.get('ord-1')
  }
  const served = { cabinet: 'cab-1', courier: 'cou-1' }
  expect(tell('delivering', '2026-11-23T12:05:00.000Z', served)).toMatchObject(served)
  expect(tell('in_use', '2026-11-23T12:10:00.000Z')).toMatchObject({ cabinet: null, courier: null })
  expect(tell('settled', '2026-11-23T13:00:00.000Z')).toMatchObject(served)
})

test('an order that the gateway lists as ended is told with whom it had to do last', () => {
  const region = new Region('demo')
  const listed = { id: 'ord-1', state: 'settled', quantity: 1, banks: [], hand_over: 'courier' }
  const times = { placed: '2026-11-23T12:00:00.000Z', changed: '2026-11-23T13:00:00.000Z' }
  const last = { cabinet: null, courier: null, last_cabinet: 'cab-1', last_courier: 'cou-1' }
  region.listedOrders([{ ...listed, ...times, ...last, handover_code: null, reason: null }])
  expect(region.orders.get('ord-1')).toMatchObject({ cabinet: 'cab-1', courier: 'cou-1' })
})

test('couriers at work who have not told where they are are waited for', () => {
  const region = new Region('demo')
  const work = { version: 1, on_duty: true, jobs: [] }
  told(region, 'courier/cou-1/work', 'chargeloop.courier.work.v1', work)
  told(region, 'courier/cou-2/work', 'chargeloop.courier.work.v1', { ...work, on_duty: false })
  told(region, 'courier/cou-3/work', 'chargeloop.courier.work.v1', work)
  told(region, 'courier/cou-3/connection', CONNECTION, { state: 'offline', connection_epoch: 1 })
  expect(unplaced(region)).toBe(1)
  told(region, 'courier/cou-1/position', 'chargeloop.courier.position.v1', { location: at(43, 5) })
  expect(unplaced(region)).toBe(0)
})
