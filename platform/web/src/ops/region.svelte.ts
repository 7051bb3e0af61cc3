/** What an operator sees of the region: cabinets and orders, from the states that their writers retain. */

import { DeviceClock } from '../device/clock'
import { Link } from '../device/link.svelte'
import { takeOver } from '../device/one_tab'
import type { Arrived } from '../protocol/envelope'
import type { CabinetInfo, ConnectionState, OrderView, SlotsSnapshot } from '../protocol/generated'
import { session, type Account } from '../session/session.svelte'

export interface CabinetSeen {
  readonly id: string
  readonly info: CabinetInfo | null
  readonly slots: SlotsSnapshot | null
  readonly connection: ConnectionState | null
}

export interface OrderSeen extends OrderView {
  readonly user: string
}

const UNSEEN = { info: null, slots: null, connection: null }
// What comes in bursts is shown a few times a second.
const SHOW_MS = 250

export class Region {
  cabinets = $state.raw<readonly CabinetSeen[]>([])
  orders = $state.raw<readonly OrderSeen[]>([])
  readonly link: Link
  readonly #cabinets = new Map<string, CabinetSeen>()
  readonly #orders = new Map<string, { version: number; orders: readonly OrderView[] }>()
  #showing: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly account: Account) {
    this.link = new Link({
      account,
      clock: new DeviceClock(undefined, session.speed),
      journal: null,
      topics: ['cabinet_info', 'cabinet_slots', 'cabinet_connection', 'user_orders'],
      receive: (arrived) => this.#receive(arrived),
      admit: async () => {
        const { ticket } = await session.call<{ ticket: string }>('/v1/mqtt-ticket', { method: 'POST' })
        if (session.mqtt === null) throw new Error('nobody is logged in')
        return { ticket, credentials: session.mqtt }
      },
    })
  }

  start(): void {
    takeOver(this.account.id, () => this.link.stop('elsewhere'))
    void this.link.run()
  }

  stop(): void {
    clearTimeout(this.#showing)
    this.link.stop()
  }

  #receive({ ids, message }: Arrived): void {
    const { cabinet, user } = ids
    if (message.type === 'chargeloop.rental.user_orders.v1' && user !== undefined) {
      const known = this.#orders.get(user)
      if (known !== undefined && known.version >= message.data.version) return
      this.#orders.set(user, { version: message.data.version, orders: message.data.orders ?? [] })
    } else if (cabinet !== undefined) {
      this.#seeCabinet(cabinet, message)
    }
    this.#showing ??= setTimeout(() => this.#show(), SHOW_MS)
  }

  #seeCabinet(id: string, message: Arrived['message']): void {
    const known = this.#cabinets.get(id) ?? { id, ...UNSEEN }
    switch (message.type) {
      case 'chargeloop.cabinet.info.v1':
        this.#cabinets.set(id, { ...known, info: message.data })
        break
      case 'chargeloop.cabinet.slots_snapshot.v1':
        this.#cabinets.set(id, { ...known, slots: message.data })
        break
      case 'chargeloop.common.connection_state.v1':
        if (message.data.connection_epoch >= (known.connection?.connection_epoch ?? 0)) {
          this.#cabinets.set(id, { ...known, connection: message.data })
        }
        break
      default:
    }
  }

  #show(): void {
    this.#showing = undefined
    this.cabinets = [...this.#cabinets.values()].sort((one, other) => one.id.localeCompare(other.id))
    this.orders = [...this.#orders.entries()]
      .flatMap(([user, { orders }]) => orders.map((order) => ({ ...order, user })))
      .sort((one, other) => other.placed.localeCompare(one.placed))
  }
}
