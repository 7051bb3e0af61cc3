/** A courier's phone: the platform's work, offers, and the courier's own acts until they have arrived. */

import { DeviceClock } from '../device/clock'
import { Journal } from '../device/journal'
import { Link, type TypedData } from '../device/link.svelte'
import { takeOver } from '../device/one_tab'
import { type Dial, dial, type Wire } from '../device/wire'
import { locationOf, type Point } from '../map/geo'
import type { DutyChanged, JobOffered, MessageTypes, OfferEnd, Work } from '../protocol/generated'
import type { Arrived } from '../protocol/envelope'
import { session, type Account } from '../session/session.svelte'
import { keep, kept } from '../storage/database'
import { Overlay } from './overlay'
import { reaches, type Trip } from './pay'
import { type Refused, refusedIn } from './refusals'
import { type Act, type ActType, isOnWayBack, type Task, tasks } from './steps'

export type { ActType }

export interface Offer extends JobOffered {
  /** Platform time in milliseconds until which it can be answered. */
  readonly until: number
  /** Whether the courier has taken it; the platform has the last word. */
  readonly taken: boolean
  /** Why it is not open any more. */
  readonly ended: OfferEnd | null
}

interface Snapshot {
  readonly work: Work | null
  readonly offers: readonly Offer[]
  readonly answered: readonly string[]
  readonly trips: readonly Trip[]
  /** Acts that are not answered; a page of before has kept none. */
  readonly committed?: readonly Act[]
  /** What was refused; a page of before has kept none. */
  readonly refused?: readonly Refused[]
}

export interface Waiting {
  readonly id: string
  readonly type: string
  readonly job: string | null
}

const DUTY = 'chargeloop.courier.duty_changed.v1'
const POSITION_MS = 15_000
const MOST_ANSWERED = 50
const MOST_TRIPS = 200
const LOOK_MS = 500
// An answer to an acceptance is late after so long: then the offer counts as gone.
const VERDICT_MS = 60_000

export class Phone {
  work = $state.raw<Work | null>(null)
  offers = $state.raw<readonly Offer[]>([])
  trips = $state.raw<readonly Trip[]>([])
  /** Acts that the platform has not committed, oldest first. */
  waiting = $state.raw<readonly Waiting[]>([])
  /** Whether this device could not keep the last act. */
  unkept = $state(false)
  now = $state(0)
  wantsDuty = $state<boolean | null>(null)
  readonly link: Link
  readonly onDuty = $derived(this.wantsDuty ?? this.work?.on_duty ?? false)
  #refused = $state.raw<readonly Refused[]>([])
  /** What was refused, as long as it concerns the step that the job is at. */
  readonly refusals = $derived(this.#refused.filter((one) => !one.past))
  #acts = $state.raw<readonly Act[]>([])
  readonly tasks: readonly Task[] = $derived(tasks(this.work, this.#acts))
  readonly #clock: DeviceClock
  readonly #overlay: Overlay
  #answered: readonly string[] = []
  #where: () => Point | null
  #saidAt = 0
  #looking: ReturnType<typeof setInterval> | undefined

  private constructor(
    readonly account: Account,
    private readonly database: IDBDatabase,
    private readonly journal: Journal,
    snapshot: Snapshot | null,
    where: () => Point | null,
    reach: (dial: Dial) => Promise<Wire>,
  ) {
    this.#where = where
    this.#clock = new DeviceClock(undefined, session.speed)
    this.work = snapshot?.work ?? null
    this.offers = snapshot?.offers ?? []
    this.trips = snapshot?.trips ?? []
    this.#answered = snapshot?.answered ?? []
    this.#refused = snapshot?.refused ?? (this.work === null ? [] : refusedIn(this.work, [], []))
    this.#overlay = new Overlay(snapshot?.committed)
    this.#layOver()
    this.link = new Link({
      account,
      clock: this.#clock,
      journal,
      topics: [
        'courier_work',
        'courier_offer',
        'courier_ack',
        'courier_clock',
        'courier_tray',
        'door_answer',
      ],
      receive: (arrived) => this.#receive(arrived),
      committed: () => this.#committed(),
      dial: reach,
      admit: async () => {
        const { ticket } = await session.call<{ ticket: string }>('/v1/mqtt-ticket', { method: 'POST' })
        if (session.mqtt === null) throw new Error('nobody is logged in')
        this.#clock.runAt(session.speed)
        return { ticket, credentials: session.mqtt }
      },
    })
  }

  static async open(
    account: Account,
    database: IDBDatabase,
    where: () => Point | null,
    reach = dial,
  ): Promise<Phone> {
    const newId = () => `jnl-${crypto.randomUUID().replaceAll('-', '').slice(0, 20)}`
    const journal = await Journal.open(database, account.id, newId)
    const snapshot = (await kept(database, `phone:${account.id}`)) as Snapshot | undefined
    return new Phone(account, database, journal, snapshot ?? null, where, reach)
  }

  /** Speaks for the courier until `stop`, or until another page does. */
  start(): void {
    takeOver(this.account.id, () => this.link.stop('elsewhere'))
    void this.link.run()
    this.#looking = setInterval(() => this.#look(), LOOK_MS)
    this.#look()
  }

  stop(): void {
    clearInterval(this.#looking)
    this.link.stop()
  }

  async goOnDuty(onDuty: boolean, at: Point): Promise<void> {
    await this.#record([{ type: DUTY, data: { on_duty: onDuty, location: locationOf(at) } }])
  }

  async answer(offer: Offer, accept: boolean): Promise<void> {
    const type = accept ? 'chargeloop.courier.offer_accepted.v1' : 'chargeloop.courier.offer_declined.v1'
    if (!(await this.#record([{ type, data: { offer: offer.offer } }]))) return
    this.#answered = [...this.#answered, offer.offer].slice(-MOST_ANSWERED)
    this.offers = accept
      ? this.offers.map((other) => (other.offer === offer.offer ? { ...other, taken: true } : other))
      : this.offers.filter((other) => other.offer !== offer.offer)
    if (accept) this.#beginTrip(offer)
    this.#save()
  }

  /** Puts away the offers that have ended. */
  dismissLost(): void {
    this.offers = this.offers.filter((offer) => offer.ended === null)
    this.#save()
  }

  /** Records what the courier did for a job; tells whether it is kept. */
  async act<T extends ActType>(type: T, data: MessageTypes[T]): Promise<boolean> {
    const isKept = await this.#record([{ type, data } as unknown as TypedData])
    if (isKept) this.sayWhere()
    return isKept
  }

  /** Tells the platform where the courier is, if that is known; it may be lost. */
  sayWhere(): void {
    const point = this.#where()
    if (point === null) return
    this.#saidAt = performance.now()
    this.link.publish('courier_position', { courier: this.account.id }, 'chargeloop.courier.position.v1', {
      location: locationOf(point),
    })
  }

  /** Tells whether the acts are kept; those that are not have not been done. */
  async #record(acts: readonly TypedData[]): Promise<boolean> {
    try {
      await this.link.record(acts)
    } catch (error) {
      console.error(error)
      this.unkept = true
      return false
    }
    this.unkept = false
    this.#layOver()
    this.#save()
    return true
  }

  #receive({ message }: Arrived): void {
    switch (message.type) {
      case 'chargeloop.courier.work.v1':
        this.#see(message.data)
        break
      case 'chargeloop.courier.job_offered.v1':
        this.#offered(message.data, message.expirytime)
        break
      case 'chargeloop.courier.offer_closed.v1':
        this.#closed(message.data.offer, message.data.why)
        break
      default:
    }
  }

  #see(work: Work): void {
    if (this.work !== null && work.version <= this.work.version) return
    const before = this.tasks
    this.work = work
    if (!this.waiting.some((entry) => entry.type === 'chargeloop.courier.duty_changed.v1'))
      this.wantsDuty = null
    this.#refused = refusedIn(work, this.#refused, this.#acts)
    this.#overlay.answered()
    this.#layOver()
    this.#followTrips(work, before)
    this.#save()
  }

  #offered(offer: JobOffered, expiry: string | null | undefined): void {
    const until = expiry == null ? Infinity : Date.parse(expiry)
    if (this.#answered.includes(offer.offer) || this.offers.some((other) => other.offer === offer.offer))
      return
    if (this.#clock.knowsPlatform && until <= this.#clock.platformMs()) return
    this.offers = [...this.offers, { ...offer, until, taken: false, ended: null }]
    this.#save()
  }

  #closed(name: string, why: OfferEnd): void {
    this.offers = this.offers
      .map((offer) => (offer.offer === name ? { ...offer, ended: why } : offer))
      .filter((offer) => offer.ended !== 'accepted' && offer.ended !== 'declined')
    if (why !== 'accepted') this.trips = this.trips.filter((trip) => trip.offer !== name || trip.given)
    this.#save()
  }

  #beginTrip(offer: Offer): void {
    const trip: Trip = {
      offer: offer.offer,
      job: offer.job,
      leg: offer.leg,
      quantity: offer.quantity,
      payMinor: offer.pay_minor,
      payMaxMinor: offer.pay_max_minor,
      currency: offer.currency,
      from: Math.round(this.#clock.platformMs()),
      to: null,
      given: false,
      reached: false,
    }
    this.trips = [...this.trips.filter((other) => other.job !== offer.job), trip].slice(-MOST_TRIPS)
  }

  /** A job that is in the work is ours; one that is there no more has ended. */
  #followTrips(work: Work, before: readonly Task[]): void {
    const jobs = new Set(work.jobs?.map((job) => job.job))
    this.offers = this.offers.filter((offer) => !jobs.has(offer.job))
    this.trips = this.trips.map((trip) => {
      if (trip.to !== null) return trip
      if (jobs.has(trip.job)) return { ...trip, given: true }
      if (!trip.given) return trip
      const brought = before.some((task) => task.job.job === trip.job && isOnWayBack(task))
      return { ...trip, to: Math.round(this.#clock.platformMs()), brought }
    })
  }

  #committed(): void {
    const left = new Set(this.journal.pending.map((entry) => entry.id))
    this.#overlay.commit(this.#acts.filter((act) => !act.committed && !left.has(act.id)))
    this.#layOver()
    this.#save()
  }

  /** Lays the acts that are not answered over the work. */
  #layOver(): void {
    const refused = new Set(this.work?.refusals?.map((refusal) => refusal.event) ?? [])
    const acts = this.journal.pending.map((entry) => actOf(entry.id, entry.type, entry.payload))
    this.#acts = this.#overlay.over(acts).filter((act) => !refused.has(act.id))
    this.waiting = this.journal.pending.map(waitingOf)
    const duty = this.journal.pending.findLast((entry) => entry.type === DUTY)
    if (duty !== undefined) {
      this.wantsDuty = (JSON.parse(duty.payload) as { data: DutyChanged }).data.on_duty
    }
    this.trips = this.trips.map((trip) => {
      if (trip.to !== null) return trip
      const by = this.#acts.findLast((act) => reaches(trip, act))?.id
      if (by !== undefined) return { ...trip, reached: true, reachedBy: by }
      const isRefused = trip.reachedBy != null && refused.has(trip.reachedBy)
      return isRefused ? { ...trip, reached: false, reachedBy: null } : trip
    })
  }

  #look(): void {
    // What is kept belongs to the page that has taken over.
    if (this.link.state === 'elsewhere') return
    this.now = this.#clock.platformMs()
    // On line the platform's time comes in a moment, and the wall clock may be wrong.
    const inDoubt = this.link.state === 'online' && !this.#clock.knowsPlatform
    const open = this.offers.filter(
      (offer) => !inDoubt && offer.ended === null && offer.until + (offer.taken ? VERDICT_MS : 0) <= this.now,
    )
    if (open.length > 0) {
      this.offers = this.offers.map((offer) =>
        open.includes(offer) ? { ...offer, ended: 'expired' } : offer,
      )
      this.#save()
    }
    if (this.#overlay.wait(performance.now(), this.link.state === 'online')) {
      this.#layOver()
      this.#save()
    }
    const working = this.onDuty || this.tasks.length > 0
    if (working && this.link.state === 'online' && performance.now() - this.#saidAt >= POSITION_MS)
      this.sayWhere()
  }

  #save(): void {
    const snapshot: Snapshot = {
      work: this.work,
      offers: this.offers,
      answered: this.#answered,
      trips: this.trips,
      committed: this.#overlay.committed,
      refused: this.#refused,
    }
    keep(this.database, `phone:${this.account.id}`, snapshot).catch((error: unknown) => console.error(error))
  }
}

function waitingOf({ id, type, payload }: { id: string; type: string; payload: string }): Waiting {
  return { id, type, job: actOf(id, type, payload).job }
}

function actOf(id: string, type: string, payload: string): Act {
  const { data } = JSON.parse(payload) as { data: { job?: string; banks?: string[] } }
  return { id, type, job: data.job ?? null, banks: data.banks ?? [], committed: false }
}
