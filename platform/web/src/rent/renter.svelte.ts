/** Somebody who rents: their orders as the platform tells them, and what they have asked for. */

import { DeviceClock } from '../device/clock'
import { Link } from '../device/link.svelte'
import { takeOver } from '../device/one_tab'
import type { Point } from '../map/geo'
import type { Arrived } from '../protocol/envelope'
import type { BankStatus, CabinetAnswered, Knocked, OrderView, UserOrders } from '../protocol/generated'
import { messageId } from '../protocol/ids'
import type { DoneBody, OrderBody } from '../session/bodies'
import { type Call, Problem } from '../session/api'
import { type Kept, Outbox, type Outcome } from '../session/outbox.svelte'
import { session, type Account } from '../session/session.svelte'
import { keep, kept } from '../storage/database'
import { AllDoing } from './doing.svelte'
import { hasEnded, orderAtDoor } from './milestones'

/** A courier at the door of a played city. */
export interface Knock {
  readonly id: string
  readonly courier: string
  readonly knocked: Knocked
}

const CATCH_UP_MS = 10_000
const ORDERS = '/v1/orders'
const WORN: Omit<BankStatus, 'bank'> = { charge_pct: 20, health_pct: 95, temperature_c: 25, cycles: 10 }

export class Renter {
  orders = $state.raw<readonly OrderView[]>([])
  readonly doing = new AllDoing()
  /** Orders with journal and bill, by id, as last read. */
  files = $state.raw<Readonly<Record<string, OrderBody>>>({})
  #knocked = $state.raw<Knock | null>(null)
  /** Who is at the door; nobody any more when the order has been called off or handed over meanwhile. */
  readonly knock = $derived(
    this.#knocked !== null && this.#orderOf(this.#knocked) !== null ? this.#knocked : null,
  )
  refusal = $state.raw<Problem | null>(null)
  /** Whether this device could not keep what was asked for last. */
  unkept = $state(false)
  readonly link: Link
  #outbox = $state.raw<Outbox | null>(null)
  /** Requests that are not answered. */
  readonly waiting = $derived(this.#outbox?.waiting ?? [])
  /** Those of them that have waited so long that it is asked whether they are still wanted. */
  readonly held = $derived(this.#outbox?.held ?? [])
  readonly sending = $derived(this.waiting.filter((request) => !this.held.includes(request)))
  #adding = $state(false)
  /** Orders that the platform has taken and not shown yet. */
  #taken = $state.raw<readonly string[]>([])
  /** Whether an order is on its way: whoever orders now would have two. */
  readonly placing = $derived(
    this.#adding || this.#taken.length > 0 || this.sending.some((request) => request.path === ORDERS),
  )
  #version = -1
  #catchingUp: ReturnType<typeof setInterval> | undefined
  readonly #answers = new Map<string, boolean>()

  private constructor(
    readonly account: Account,
    private readonly database: IDBDatabase,
    played: boolean,
  ) {
    this.link = new Link({
      account,
      clock: new DeviceClock(undefined, session.speed),
      journal: null,
      topics: ['user_orders', 'user_reply', ...(played ? (['door_knock', 'user_tray'] as const) : [])],
      receive: (arrived) => this.receive(arrived),
      admit: async () => {
        const { ticket } = await this.#call<{ ticket: string }>('/v1/mqtt-ticket', { method: 'POST' })
        if (session.mqtt === null) throw new Error('nobody is logged in')
        return { ticket, credentials: session.mqtt }
      },
    })
  }

  static async open(account: Account, database: IDBDatabase, played: boolean): Promise<Renter> {
    const renter = new Renter(account, database, played)
    const snapshot = (await kept(database, `orders:${account.id}`)) as UserOrders | undefined
    if (snapshot !== undefined) renter.#see(snapshot)
    renter.#outbox = await Outbox.open(
      database,
      account.id,
      (path, body, key) => renter.#call(path, { method: 'POST', body, key }),
      (outcome) => renter.#settled(outcome),
      (path) => path === ORDERS || path.endsWith('/return'),
      // Who is on line need not ask.
      async () => (renter.link.state === 'online' ? null : renter.#call('/v1/me')),
    )
    return renter
  }

  start(): void {
    takeOver(this.account.id, () => this.link.stop('elsewhere'))
    void this.link.run()
    this.#catchingUp = setInterval(() => this.#catchUp(), CATCH_UP_MS)
  }

  stop(): void {
    clearInterval(this.#catchingUp)
    this.#outbox?.stop()
    this.link.stop()
  }

  hurry(): void {
    this.link.hurry()
    this.#outbox?.hurry()
  }

  /** Orders; nothing happens while another order is on its way. Tells, as all requests do, whether it is kept. */
  order(place: Point, quantity: number): Promise<boolean> {
    return this.#place({ ...place, quantity, accept_fewer: false, hand_over: 'courier' })
  }

  walkUp(place: Point, quantity: number, cabinet: string): Promise<boolean> {
    return this.#place({ ...place, quantity, accept_fewer: false, hand_over: 'walk_up', cabinet })
  }

  cancel(order: string): Promise<boolean> {
    return this.#ask(`/v1/orders/${order}/cancel`, {})
  }

  giveBack(order: string, place: Point, quantity: number): Promise<boolean> {
    return this.#ask(`/v1/orders/${order}/return`, { ...place, quantity })
  }

  /** Says that something is wrong with an order, or with one bank of it. */
  dispute(order: string, bank: string | null, text: string): Promise<boolean> {
    return this.#ask(`/v1/orders/${order}/disputes`, { bank, text })
  }

  /** Takes a request back that has not been sent yet, or has waited for long. */
  async takeBack(request: Kept): Promise<void> {
    await this.#keeps(async () => this.#outbox?.takeBack(request))
  }

  /** Sends a request that has waited for long. */
  async sendNow(request: Kept): Promise<void> {
    await this.#keeps(async () => this.#outbox?.sendNow(request))
  }

  /** Reads an order with its journal and its bill. */
  async read(order: string): Promise<void> {
    try {
      const body = await this.#call<OrderBody>(`/v1/orders/${order}`)
      // Answers may overtake each other; a journal only grows.
      if (body.events.length >= (this.files[order]?.events.length ?? 0))
        this.files = { ...this.files, [order]: body }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      console.info('not read:', error.message)
    }
  }

  /** What happens at the door of a played city: nobody is there, or the courier is let in. */
  answerDoor(present: boolean): void {
    if (this.knock === null) return
    this.#answers.set(this.knock.id, present)
    this.#sayAtDoor(this.knock, present)
    this.#knocked = null
  }

  /** In a played city: takes the banks out of the tray of a cabinet. */
  async emptyTray(order: OrderView, cabinet: string): Promise<CabinetAnswered> {
    return this.#atCabinet(cabinet, 'chargeloop.world.tray_reached.v1', {}, `${order.order}.tray`)
  }

  /** In a played city: pushes the banks of an order into a cabinet. */
  async pushIn(order: OrderView, cabinet: string): Promise<string> {
    let display = ''
    for (const bank of order.banks ?? []) {
      const data = { bank: { bank, ...WORN }, code: null }
      const id = `${order.order}.${bank}.${cabinet}`
      display = (await this.#atCabinet(cabinet, 'chargeloop.world.bank_inserted.v1', data, id)).display
    }
    return display
  }

  async #atCabinet(
    cabinet: string,
    type: 'chargeloop.world.tray_reached.v1' | 'chargeloop.world.bank_inserted.v1',
    data: Record<string, unknown>,
    what: string,
  ): Promise<CabinetAnswered> {
    const ids = { user: this.account.id, cabinet }
    const id = messageId(this.account.id, what, Date.now())
    const answer = await this.link.ask('user_hands', ids, type, data, id)
    if (answer.type !== 'chargeloop.world.cabinet_answered.v1') throw new Error(`no answer: ${answer.type}`)
    return answer.data
  }

  #call<T>(path: string, request: Call = {}): Promise<T> {
    return session.call(path, request, this.account.id)
  }

  async #place(body: unknown): Promise<boolean> {
    if (this.placing) return true
    this.#adding = true
    try {
      return await this.#ask(ORDERS, body)
    } finally {
      this.#adding = false
    }
  }

  /** Tells whether the request is kept; one that is not has not been made. */
  async #ask(path: string, body: unknown): Promise<boolean> {
    this.refusal = null
    return this.#keeps(async () => this.#outbox?.add(path, body))
  }

  async #keeps(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act()
    } catch (error) {
      console.error(error)
      this.unkept = true
      return false
    }
    this.unkept = false
    return true
  }

  #settled({ request, answer, problem }: Outcome): void {
    if (problem !== null) this.refusal = problem
    else if (request.path === ORDERS) this.#await(answer as DoneBody)
    const order = /^\/v1\/orders\/([^/]+)\//.exec(request.path)?.[1]
    if (order !== undefined) void this.read(order)
  }

  #await({ id, state }: DoneBody): void {
    // One that has ended long ago, when its answer was lost, may be shown no more.
    if (!hasEnded(state) && !this.orders.some((order) => order.order === id))
      this.#taken = [...this.#taken, id]
  }

  /** Takes what the broker brings. */
  receive({ ids, message }: Arrived): void {
    if (message.type === 'chargeloop.rental.user_orders.v1') {
      this.#see(message.data)
      keep(this.database, `orders:${this.account.id}`, message.data).catch((error: unknown) =>
        console.error(error),
      )
    } else if (message.type === 'chargeloop.world.knocked.v1') {
      const knock = { id: message.id, courier: ids.courier ?? '', knocked: message.data }
      const said = this.#answers.get(knock.id)
      if (said === undefined) this.#knocked = knock
      else this.#sayAtDoor(knock, said)
    }
  }

  #see({ version, orders }: UserOrders): void {
    // The same one again comes with each connection: there may be orders to read that could not be read before.
    if (version < this.#version) return
    this.#version = version
    const atDoor = this.knock
    this.doing.know(orders?.map(({ order }) => order) ?? [])
    this.orders = orders ?? []
    this.#taken = this.#taken.filter((id) => !this.orders.some((order) => order.order === id))
    if (atDoor !== null && this.knock === null) this.#knocked = null
    this.#catchUp()
  }

  /** Reads the orders of which newer is known than was read. */
  #catchUp(): void {
    for (const { order, changed } of this.orders) {
      const file = this.files[order]
      if (file === undefined || Date.parse(file.changed) < Date.parse(changed)) void this.read(order)
    }
  }

  #orderOf({ courier, knocked }: Knock): OrderView | null {
    return orderAtDoor(this.orders, courier, knocked.delivering)
  }

  #sayAtDoor(knock: Knock, present: boolean): void {
    const { id, courier, knocked } = knock
    const order = this.#orderOf(knock)
    const banks = knocked.delivering ? [] : (order?.banks ?? [])
    this.link.answer(
      'door_answer',
      { user: this.account.id, courier },
      'chargeloop.world.door_answered.v1',
      present && order !== null
        ? { present, code: order.handover_code ?? null, banks: banks.map((bank) => ({ bank, ...WORN })) }
        : { present: false },
      id,
    )
  }
}
