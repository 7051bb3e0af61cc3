/**
 * The region as the messages tell it, in plain records that nothing observes: thousands of them change each second.
 *
 * Whoever shows something looks at `versions` and asks again when the one it needs has moved. JSON is read only
 * where a record follows from it: readings, which are most of the traffic, are only noted as heard.
 */

import { SCHEMA_OF, type SlotStatus, type Work, type WorkJob } from '../../protocol/generated'
import type {
  CabinetInfo,
  ConnectionState,
  MessageType,
  MessageTypes,
  OrderMoved,
  RentalRequested,
  ServiceStats,
  SlotsSnapshot,
  UserOrders,
} from '../../protocol/generated'
import { fault } from '../../protocol/check'
import { type Point, pointOf } from '../../map/geo'
import type { CabinetBody, OrderSummary } from '../../session/bodies'
import { orderOf, ordersNamedIn } from './ids'
import { Trails } from './trails'

export interface Cabinet {
  readonly id: string
  name: string
  model: string
  firmware: string
  point: Point | null
  /** Null as long as nobody has told. */
  online: boolean | null
  connectionEpoch: number
  /** Whether the gateway has listed it as one that cannot be used; null: it has not, false: it was heard itself. */
  silent: boolean | null
  version: number
  slotCount: number
  slots: readonly SlotStatus[]
  ready: number
  free: number
  faulty: number
  banks: number
  /** When it was heard itself last, in the world's time; 0: not yet. What is retained may be days old. */
  heardMs: number
  /** The number of its last reading in the ring. */
  readingSeq: number
}

export interface Courier {
  readonly id: string
  point: Point | null
  online: boolean | null
  connectionEpoch: number
  onDuty: boolean
  version: number
  jobs: readonly WorkJob[]
  heardMs: number
}

export interface Order {
  readonly id: string
  user: string
  state: string
  quantity: number
  banks: readonly string[]
  handOver: string
  /** What it has to do with now; once it has ended, what it had to do with last. */
  cabinet: string | null
  courier: string | null
  lastCabinet: string | null
  lastCourier: string | null
  reason: string | null
  placedMs: number
  changedMs: number
  /** Where its user is, as far as a request has told. */
  place: Point | null
}

export interface Service {
  readonly id: string
  readonly kind: 'rental' | 'dispatch'
  online: boolean | null
  connectionEpoch: number
  stats: ServiceStats | null
}

export const ENDED: ReadonlySet<string> = new Set(['settled', 'cancelled', 'failed'])
export const LOW_STOCK = 2

export type CabinetStatus = 'offline' | 'fault' | 'low' | 'good'

/** Returns what an operator should know of a cabinet first. */
export function statusOf(cabinet: Cabinet): CabinetStatus {
  if (cabinet.online === false || cabinet.silent === true) return 'offline'
  if (cabinet.faulty > 0) return 'fault'
  return cabinet.ready < LOW_STOCK ? 'low' : 'good'
}

/** Returns how many couriers are at work and have not told where: a position is not kept for who comes later. */
export function unplaced({ couriers }: Region): number {
  const waits = ({ point, online, onDuty, jobs }: Courier) =>
    point === null && online !== false && (onDuty || jobs.length > 0)
  return [...couriers.values()].filter(waits).length
}

const READY = new Set(['ready'])
const BROKEN = new Set(['faulty', 'locked'])
const MOST_ORDERS = 20_000
const decoder = new TextDecoder('utf-8', { fatal: true })

interface Envelope {
  readonly id: string
  readonly type: string
  readonly time: string
  readonly expirytime?: string | null
  readonly data: unknown
}

type Leaf =
  | 'connection'
  | 'info'
  | 'slots'
  | 'event'
  | 'command'
  | 'telemetry'
  | 'position'
  | 'offer'
  | 'work'
  | 'request'
  | 'report'
  | 'orders'
  | 'stats'
  | 'other'
const LEAVES: ReadonlySet<string> = new Set<Leaf>([
  'connection',
  'info',
  'slots',
  'event',
  'command',
  'telemetry',
  'position',
  'offer',
  'work',
  'request',
  'report',
  'orders',
  'stats',
])

/** What devices say themselves; their connections are told by the broker too, when they are lost. */
const OWN_WORDS: ReadonlySet<Leaf> = new Set<Leaf>(['info', 'slots', 'event', 'telemetry', 'position'])

/** One topic of a device or a service: what it is about, found once. */
interface Spot {
  readonly kind: string
  readonly id: string
  readonly leaf: Leaf
  readonly branch: Branch
  readonly cabinet: Cabinet | null
  readonly courier: Courier | null
  readonly service: Service | null
}

/** A topic in the tree: how many messages it has had. `path` is the topic, or a filter for ids without number. */
export interface Branch {
  readonly path: string
  count: number
}

export class Region {
  readonly cabinets = new Map<string, Cabinet>()
  readonly couriers = new Map<string, Courier>()
  readonly orders = new Map<string, Order>()
  readonly services = new Map<string, Service>()
  readonly branches = new Map<string, Branch>()
  readonly trails = new Trails()
  readonly versions = { cabinets: 0, couriers: 0, orders: 0, services: 0, quarantine: 0 }
  /** Cabinets that look different since the map was drawn; whoever draws empties it. */
  readonly redrawn = new Set<Cabinet>()
  quarantined = 0
  /** The latest time that a platform has told: the world's clock may not be ours. */
  worldMs = 0
  /** Messages that could not be read here. */
  unreadable = 0
  readonly #root: string
  readonly #spots = new Map<string, Spot>()

  constructor(readonly name: string) {
    this.#root = `cl/v1/${name}/`
  }

  /** Takes a message; `seq` is its number in the ring. One that was retained tells nothing of when it was said. */
  take(
    seq: number,
    topic: string,
    batch: Uint8Array,
    start: number,
    end: number,
    atMs: number,
    retained: boolean,
  ): void {
    const spot = this.#spot(topic)
    if (spot === null) return
    spot.branch.count += 1
    const { cabinet, courier, service } = spot
    if (!retained && OWN_WORDS.has(spot.leaf)) this.#heard(spot, atMs)
    if (cabinet !== null && spot.leaf === 'telemetry') {
      cabinet.readingSeq = seq
      return
    }
    if (spot.leaf === 'other' && spot.kind !== 'rental' && spot.kind !== 'dispatch') return
    const envelope = this.#read(batch, start, end)
    if (envelope === null) return
    if (service !== null || spot.kind === 'order' || spot.leaf === 'command')
      this.worldMs = Math.max(this.worldMs, Date.parse(envelope.time) || 0)
    if (!retained && spot.leaf === 'connection' && saysOnline(envelope.data)) this.#heard(spot, atMs)
    if (cabinet !== null) this.#ofCabinet(cabinet, spot.leaf, envelope)
    else if (courier !== null) this.#ofCourier(courier, spot.leaf, envelope)
    else if (service !== null) this.#ofService(service, spot.leaf, envelope)
    else if (spot.kind === 'order') this.#moved(envelope, spot.id)
    else if (spot.kind === 'user' && spot.leaf === 'orders') this.#told(envelope, spot.id)
    this.#follow(spot, seq, topic, envelope, batch, start, end, atMs)
  }

  /** Takes what the gateway lists of cabinets: what a message has told already is newer. */
  listedCabinets(bodies: readonly CabinetBody[]): void {
    for (const body of bodies) {
      const cabinet = this.#cabinet(body.cabinet)
      if (cabinet.point === null) {
        cabinet.name = body.name
        cabinet.point = { lat: body.lat, lon: body.lon }
      }
      if (cabinet.version === 0 && cabinet.slots.length === 0) {
        cabinet.ready = body.ready_banks
        cabinet.free = body.free_slots
      }
      if (body.last_seen != null) cabinet.heardMs = Math.max(cabinet.heardMs, Date.parse(body.last_seen))
      if (!body.usable && cabinet.silent === null) cabinet.silent = true
      this.#redraw(cabinet)
    }
  }

  /** Takes orders as the gateway lists them. */
  listedOrders(bodies: readonly OrderSummary[]): void {
    for (const body of bodies) {
      const changedMs = Date.parse(body.changed)
      const order = this.#order(body.id)
      order.user = body.user ?? order.user
      order.quantity = body.quantity
      order.handOver = body.hand_over
      order.placedMs = Date.parse(body.placed)
      if (changedMs < order.changedMs) continue
      order.state = body.state
      order.banks = body.banks
      serve(order, body)
      order.reason = body.reason
      order.changedMs = changedMs
    }
    this.versions.orders += 1
    this.#bound()
  }

  #spot(topic: string): Spot | null {
    const known = this.#spots.get(topic)
    if (known !== undefined) return known
    if (!topic.startsWith(this.#root)) return null
    const [kind = '', id = '', leaf = '', more] = topic.slice(this.#root.length).split('/')
    if (more !== undefined || leaf === '') return null
    // Orders and users come and go without end: they have one branch for all, and no spot is kept.
    const endless = kind === 'order' || kind === 'user'
    const spot: Spot = {
      kind,
      id,
      leaf: LEAVES.has(leaf) ? (leaf as Leaf) : 'other',
      branch: this.#branch(`${this.#root}${kind}/${endless ? '+' : id}/${leaf}`),
      cabinet: kind === 'cabinet' ? this.#cabinet(id) : null,
      courier: kind === 'courier' ? this.#courier(id) : null,
      service: kind === 'rental' || kind === 'dispatch' ? this.#service(id, kind) : null,
    }
    if (!endless) this.#spots.set(topic, spot)
    return spot
  }

  #heard({ cabinet, courier }: Spot, atMs: number): void {
    if (courier !== null) courier.heardMs = atMs
    if (cabinet === null) return
    cabinet.heardMs = atMs
    if (cabinet.silent === true) this.#redraw(cabinet)
    cabinet.silent = false
  }

  #branch(path: string): Branch {
    let branch = this.branches.get(path)
    if (branch === undefined) this.branches.set(path, (branch = { path, count: 0 }))
    return branch
  }

  #read(batch: Uint8Array, start: number, end: number): Envelope | null {
    try {
      const value = JSON.parse(decoder.decode(batch.subarray(start, end))) as Envelope | null
      if (
        typeof value === 'object' &&
        value !== null &&
        typeof value.type === 'string' &&
        typeof value.id === 'string'
      )
        return value
    } catch {
      // What is no message is counted below, and the platforms put it into quarantine.
    }
    this.unreadable += 1
    return null
  }

  /** Returns the data when it is of this type and as its schema says. */
  #data<T extends MessageType>(envelope: Envelope, type: T): MessageTypes[T] | null {
    if (envelope.type !== type) return null
    if (fault(SCHEMA_OF[type], envelope.data) === null) return envelope.data as MessageTypes[T]
    this.unreadable += 1
    return null
  }

  #ofCabinet(cabinet: Cabinet, leaf: Leaf, envelope: Envelope): void {
    if (leaf === 'slots') {
      const data = this.#data(envelope, 'chargeloop.cabinet.slots_snapshot.v1')
      if (data !== null) this.#slots(cabinet, data)
    } else if (leaf === 'info') {
      const data = this.#data(envelope, 'chargeloop.cabinet.info.v1')
      if (data !== null) this.#introduced(cabinet, data)
    } else if (leaf === 'connection') {
      const data = this.#data(envelope, 'chargeloop.common.connection_state.v1')
      if (data !== null && connected(cabinet, data)) this.#redraw(cabinet)
    }
  }

  #slots(cabinet: Cabinet, { version, slots }: SlotsSnapshot): void {
    if (version < cabinet.version) return
    let ready = 0
    let free = 0
    let faulty = 0
    let banks = 0
    for (const slot of slots) {
      if (READY.has(slot.state)) ready += 1
      else if (slot.state === 'empty') free += 1
      else if (BROKEN.has(slot.state)) faulty += 1
      if (slot.bank != null) banks += 1
    }
    Object.assign(cabinet, { version, slots, ready, free, faulty, banks, slotCount: slots.length })
    this.#redraw(cabinet)
  }

  #introduced(cabinet: Cabinet, { name, location, slots, model, firmware }: CabinetInfo): void {
    Object.assign(cabinet, { name, model, firmware, point: pointOf(location) })
    if (cabinet.slotCount === 0) cabinet.slotCount = slots
    this.#redraw(cabinet)
  }

  #ofCourier(courier: Courier, leaf: Leaf, envelope: Envelope): void {
    if (leaf === 'position') {
      const data = this.#data(envelope, 'chargeloop.courier.position.v1')
      if (data === null) return
      courier.point = pointOf(data.location)
    } else if (leaf === 'work') {
      const data = this.#data(envelope, 'chargeloop.courier.work.v1')
      if (data === null || data.version < courier.version) return
      this.#works(courier, data)
    } else if (leaf === 'connection') {
      const data = this.#data(envelope, 'chargeloop.common.connection_state.v1')
      if (data === null || !connected(courier, data)) return
    } else if (envelope.type === 'chargeloop.courier.duty_changed.v1') {
      const data = this.#data(envelope, 'chargeloop.courier.duty_changed.v1')
      if (data === null) return
      courier.onDuty = data.on_duty
      courier.point ??= pointOf(data.location)
    } else return
    this.versions.couriers += 1
  }

  #works(courier: Courier, { version, on_duty, jobs }: Work): void {
    Object.assign(courier, { version, onDuty: on_duty, jobs: jobs ?? [] })
    for (const job of courier.jobs) {
      const order = this.orders.get(orderOf(job.job))
      if (order !== undefined) order.place = pointOf(job.user_location)
    }
  }

  #ofService(service: Service, leaf: Leaf, envelope: Envelope): void {
    if (leaf === 'stats') service.stats = this.#data(envelope, 'chargeloop.service.stats.v1')
    else if (leaf === 'connection') {
      const data = this.#data(envelope, 'chargeloop.common.connection_state.v1')
      if (data === null || !connected(service, data)) return
    } else if (envelope.type === 'chargeloop.service.quarantined.v1') {
      this.quarantined += 1
      this.versions.quarantine += 1
    } else {
      if (leaf === 'request') this.#asked(envelope)
      return
    }
    this.versions.services += 1
  }

  /** Learns from a delivery request where a user is. */
  #asked(envelope: Envelope): void {
    for (const type of [
      'chargeloop.delivery.rental_requested.v1',
      'chargeloop.delivery.return_requested.v1',
    ] as const) {
      if (envelope.type !== type) continue
      const data: RentalRequested | null = this.#data(envelope, type)
      if (data === null) return
      const order = this.#order(data.order)
      order.user = data.user
      order.place = pointOf(data.user_location)
      order.cabinet = data.cabinet
      this.versions.orders += 1
    }
  }

  #moved(envelope: Envelope, id: string): void {
    const data: OrderMoved | null = this.#data(envelope, 'chargeloop.rental.order_moved.v1')
    if (data?.order !== id) return
    const order = this.#order(id)
    const atMs = Date.parse(envelope.time)
    if (atMs < order.changedMs) return
    order.state = data.to_state
    order.reason = data.reason ?? order.reason
    order.changedMs = atMs
    if (order.placedMs === 0) order.placedMs = atMs
    this.versions.orders += 1
    this.#bound()
  }

  #told(envelope: Envelope, user: string): void {
    const data: UserOrders | null = this.#data(envelope, 'chargeloop.rental.user_orders.v1')
    if (data === null) return
    for (const view of data.orders ?? []) {
      const order = this.#order(view.order)
      order.user = user
      order.quantity = view.quantity
      order.handOver = view.hand_over
      order.placedMs = Date.parse(view.placed)
      const changedMs = Date.parse(view.changed)
      if (changedMs < order.changedMs) continue
      order.state = view.state
      order.banks = view.banks ?? []
      serve(order, view)
      order.reason = view.reason ?? null
      order.changedMs = changedMs
    }
    this.versions.orders += 1
    this.#bound()
  }

  /** Keeps what is told of an order, and what a cabinet is told and tells, for the pages about them. */
  #follow(
    spot: Spot,
    seq: number,
    topic: string,
    envelope: Envelope,
    batch: Uint8Array,
    start: number,
    end: number,
    atMs: number,
  ): void {
    if (spot.leaf === 'position' || spot.leaf === 'stats' || spot.leaf === 'connection') return
    if (spot.leaf === 'slots' || spot.leaf === 'info') return
    const orders = spot.kind === 'order' ? [spot.id] : ordersNamedIn(envelope.data)
    const cabinet = spot.cabinet?.id ?? null
    const device = spot.leaf === 'event' && spot.kind !== 'order'
    if (orders.length === 0 && cabinet === null) return
    const trace = {
      seq,
      topic,
      atMs,
      id: envelope.id,
      type: envelope.type,
      bytes: batch.slice(start, end),
      data: envelope.data,
      expires: envelope.expirytime ?? null,
      // What devices say of the time is not to be relied on.
      time: device && this.worldMs > 0 ? new Date(this.worldMs).toISOString() : envelope.time,
    }
    for (const order of orders) this.trails.add(order, trace)
    if (cabinet !== null) this.trails.add(cabinet, trace)
  }

  #cabinet(id: string): Cabinet {
    let cabinet = this.cabinets.get(id)
    if (cabinet === undefined) {
      cabinet = {
        id,
        name: '',
        model: '',
        firmware: '',
        point: null,
        online: null,
        connectionEpoch: -1,
        silent: null,
        version: 0,
        slotCount: 0,
        slots: [],
        ready: 0,
        free: 0,
        faulty: 0,
        banks: 0,
        heardMs: 0,
        readingSeq: 0,
      }
      this.cabinets.set(id, cabinet)
    }
    return cabinet
  }

  #courier(id: string): Courier {
    let courier = this.couriers.get(id)
    if (courier === undefined) {
      courier = {
        id,
        point: null,
        online: null,
        connectionEpoch: -1,
        onDuty: false,
        version: 0,
        jobs: [],
        heardMs: 0,
      }
      this.couriers.set(id, courier)
    }
    return courier
  }

  #service(id: string, kind: 'rental' | 'dispatch'): Service {
    let service = this.services.get(id)
    if (service === undefined) {
      service = { id, kind, online: null, connectionEpoch: -1, stats: null }
      this.services.set(id, service)
    }
    return service
  }

  #order(id: string): Order {
    let order = this.orders.get(id)
    if (order === undefined) {
      order = {
        id,
        user: '',
        state: 'reserving',
        quantity: 0,
        banks: [],
        handOver: 'courier',
        cabinet: null,
        courier: null,
        lastCabinet: null,
        lastCourier: null,
        reason: null,
        placedMs: 0,
        changedMs: 0,
        place: null,
      }
      this.orders.set(id, order)
    }
    return order
  }

  #redraw(cabinet: Cabinet): void {
    this.redrawn.add(cabinet)
    this.versions.cabinets += 1
  }

  /** Forgets the orders that ended long ago when there are too many. */
  #bound(): void {
    if (this.orders.size <= MOST_ORDERS) return
    for (const [id, order] of this.orders) {
      if (ENDED.has(order.state)) this.orders.delete(id)
      if (this.orders.size <= MOST_ORDERS * 0.9) return
    }
  }
}

function saysOnline(data: unknown): boolean {
  return typeof data === 'object' && data !== null && (data as Partial<ConnectionState>).state === 'online'
}

type Served = Partial<Pick<OrderSummary, 'cabinet' | 'courier' | 'last_cabinet' | 'last_courier'>>

/** Takes what an order has to do with, of which nobody tells any more when it has ended. */
function serve(order: Order, { cabinet = null, courier = null, last_cabinet, last_courier }: Served): void {
  order.lastCabinet = cabinet ?? last_cabinet ?? order.lastCabinet
  order.lastCourier = courier ?? last_courier ?? order.lastCourier
  const ended = ENDED.has(order.state)
  order.cabinet = ended ? order.lastCabinet : cabinet
  order.courier = ended ? order.lastCourier : courier
}

/** Takes a word about a connection unless it is of an older one; tells whether something changed. */
function connected(
  of: { online: boolean | null; connectionEpoch: number },
  { state, connection_epoch }: ConnectionState,
): boolean {
  if (connection_epoch < of.connectionEpoch) return false
  const online = state === 'online'
  const changed = of.online !== online
  of.connectionEpoch = connection_epoch
  of.online = online
  return changed
}
