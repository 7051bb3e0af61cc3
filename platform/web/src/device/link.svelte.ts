/**
 * A page's way to the broker: it connects for ever, and says what it must until it is heard.
 *
 * As for every other device nothing is left to the broker that matters: journal entries are sent until the
 * platform's application has acknowledged them, questions until they are answered, and every connection begins a
 * clean session. Attempts to connect wait a random time of an interval that doubles, so that a town full of
 * phones does not come back in one moment.
 */

import { decode, encode, type Arrived, type Message, Refused } from '../protocol/envelope'
import type { Envelope, MessageTypes, TopicName } from '../protocol/generated'
import { TOPICS } from '../protocol/generated'
import { placeOf, topic, type TypeOn } from '../protocol/topics'
import type { Account, Credentials } from '../session/session.svelte'
import type { DeviceClock, Reading } from './clock'
import type { Entry, Journal } from './journal'
import { SendWindow } from './window'
import { type Dial, dial, type Wire } from './wire'

export type LinkState = 'connecting' | 'online' | 'offline' | 'elsewhere'
export type TypedData = {
  [T in keyof MessageTypes]: { readonly type: T; readonly data: MessageTypes[T] }
}[keyof MessageTypes]

export interface LinkParts {
  readonly account: Account
  readonly clock: DeviceClock
  readonly journal: Journal | null
  readonly topics: readonly TopicName[]
  /** Called for each message but acknowledgements, the time, and answers to questions. */
  receive(arrived: Arrived): void
  /** Called when the platform has committed more of the journal. */
  committed?(): void
  /** Returns what is needed for one connection; called anew for each. */
  admit(): Promise<{ ticket: string; credentials: Credentials }>
  readonly dial?: (dial: Dial) => Promise<Wire>
  readonly random?: () => number
}

interface Question {
  readonly topic: string
  readonly payload: string
  readonly answer: (message: Message) => void
  dueAt: number
  vain: number
}

const RESEND_MS = 5_000
const WINDOW = 64
const PROBE_MS = 300_000
// So long what this boot recorded waits for the platform to learn our time: without it, it is dated by its arrival.
const HOLD_MS = 10_000
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
const TICK_MS = 250
// What the broker ends so soon, so many times in a row, is ended by somebody who uses the same account elsewhere.
const SHORT_MS = 10_000
const SHORT_TIMES = 3
const MOST_DOUBLINGS = 4

export class Link {
  state = $state<LinkState>('connecting')
  refused = $state(0)
  readonly #window: SendWindow | null
  readonly #questions = new Map<string, Question>()
  readonly #states = new Map<string, string>()
  #wire: Wire | null = null
  #number = 0
  #running = false
  #pauseMs = 0
  #wake: (() => void) | null = null
  #lost: ((ended: boolean) => void) | null = null
  #probe: { id: string; boot: string; sentUptimeMs: number; reports: boolean } | null = null
  #probeAt = 0
  #exchanges = 0
  #vainProbes = 0
  #boot = ''
  /** The last entry that was recorded before this boot. */
  #lastBefore = 0
  /** Whether a sample of this boot has surely arrived; without one, until when entries of it wait. */
  #dated = false
  #heldUntil: number | null = null

  constructor(private readonly parts: LinkParts) {
    const { journal } = parts
    this.#window =
      journal === null
        ? null
        : new SendWindow(WINDOW, RESEND_MS, { acked: journal.acked, last: journal.last })
    this.#noticeBoot(parts.clock.read().boot)
  }

  /** Stays connected until `stop`. */
  async run(): Promise<void> {
    this.#running = true
    let short = 0
    while (this.#stillRunning()) {
      const began = performance.now()
      const ended = await this.#connection()
      if (!this.#stillRunning()) break
      short = ended && performance.now() - began < SHORT_MS ? short + 1 : 0
      if (short >= SHORT_TIMES) {
        this.state = 'elsewhere'
        break
      }
      this.state = 'offline'
      await this.#pause()
    }
    this.#running = false
  }

  /** Says goodbye. `elsewhere`: another page of this account has taken over. */
  stop(state: 'offline' | 'elsewhere' = 'offline'): void {
    this.#running = false
    this.state = state
    this.#sayPresence('offline')
    this.#wire?.end()
    this.#lost?.(false)
    this.#wake?.()
  }

  /** The network is said to be back: do not wait any longer. */
  hurry(): void {
    this.#pauseMs = 0
    this.#wake?.()
  }

  /** Records acts durably, in order; the platform hears of them sooner or later, once. */
  async record(acts: readonly TypedData[]): Promise<readonly Entry[]> {
    const { journal } = this.parts
    if (journal === null || this.#window === null) throw new Error('this account keeps no journal')
    const at = this.parts.clock.read()
    this.#noticeBoot(at.boot)
    const entries = await journal.append(
      acts.map(({ type, data }) => (journalid, seq, id) => ({
        type,
        payload: encode(type, data, { ...this.#attributes(id, at), journalid, seq }),
      })),
    )
    this.#followJournal()
    this.#flush()
    return entries
  }

  /** Publishes a state (again at every connection), or something that may be lost. */
  publish<N extends TopicName, T extends TypeOn<N>>(
    name: N,
    ids: Record<string, string>,
    type: T,
    data: MessageTypes[T],
  ): void {
    const spec = TOPICS[name]
    const place = topic(name, { region: this.parts.account.region, ...ids })
    const payload = encode(type, data, this.#attributes(this.#nextId()))
    if (spec.retain) this.#states.set(place, payload)
    this.#wire?.publish(place, payload, spec)
  }

  /** Asks until it is answered, under an id that names the act: the other side does it once. */
  ask<N extends TopicName, T extends TypeOn<N>>(
    name: N,
    ids: Record<string, string>,
    type: T,
    data: MessageTypes[T],
    id = this.#nextId(),
  ): Promise<Message> {
    const place = topic(name, { region: this.parts.account.region, ...ids })
    const payload = encode(type, data, this.#attributes(id))
    return new Promise((answer) => {
      this.#questions.set(id, { topic: place, payload, answer, dueAt: 0, vain: 0 })
      this.#flush()
    })
  }

  /** Answers a question once; who asked again is answered again. */
  answer<N extends TopicName, T extends TypeOn<N>>(
    name: N,
    ids: Record<string, string>,
    type: T,
    data: MessageTypes[T],
    question: string,
  ): void {
    const place = topic(name, { region: this.parts.account.region, ...ids })
    const attributes = { ...this.#attributes(this.#nextId()), correlationid: question }
    this.#wire?.publish(place, encode(type, data, attributes), TOPICS[name])
  }

  /** Forgets a question that nobody waits for any more. */
  forget(id: string): void {
    this.#questions.delete(id)
  }

  /** Returns an id that no message of this page has had. */
  #nextId(): string {
    this.#number += 1
    return `${this.parts.account.id}.${this.parts.clock.read().boot}.${this.#number}`
  }

  #stillRunning(): boolean {
    return this.#running
  }

  async #pause(): Promise<void> {
    this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
    const waitMs = (this.parts.random ?? Math.random)() * this.#pauseMs
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = null
  }

  /** Holds one connection until it is lost; tells whether there was one that the broker has ended. */
  async #connection(): Promise<boolean> {
    if (this.state !== 'offline') this.state = 'connecting'
    let lost: (ended: boolean) => void = () => undefined
    const end = new Promise<boolean>((resolve) => (lost = resolve))
    this.#lost = lost
    try {
      const { ticket, credentials } = await this.parts.admit()
      const epoch = (await this.parts.journal?.nextEpoch(Date.now())) ?? null
      const wire = await (this.parts.dial ?? dial)({
        ticket,
        credentials,
        will: this.#presence('offline', epoch),
        filters: this.#filters(),
        events: { arrived: (name, payload) => this.#arrived(name, payload), lost },
      })
      if (!this.#stillRunning()) {
        wire.end()
        return false
      }
      this.#begin(wire, epoch)
    } catch (error) {
      console.info('no connection:', error)
      return false
    }
    const ticking = setInterval(() => this.#flush(), TICK_MS)
    const ended = await end
    clearInterval(ticking)
    this.#wire = null
    return ended
  }

  #begin(wire: Wire, epoch: number | null): void {
    this.#wire = wire
    this.#epoch = epoch
    this.#pauseMs = 0
    this.state = 'online'
    this.#sayStates(wire)
    for (const question of this.#questions.values()) Object.assign(question, { dueAt: 0, vain: 0 })
    this.#followJournal()
    this.#window?.restart()
    this.#probeAnew()
    this.#flush()
  }

  #epoch: number | null = null

  #sayStates(wire: Wire): void {
    this.#sayPresence('online')
    for (const [place, payload] of this.#states) wire.publish(place, payload, { qos: 1, retain: true })
  }

  #sayPresence(state: 'online' | 'offline'): void {
    const presence = this.#presence(state, this.#epoch)
    if (presence !== null) this.#wire?.publish(presence.topic, presence.payload, { qos: 1, retain: true })
  }

  /** Returns birth, goodbye or will; people who rent and operators have none. */
  #presence(state: 'online' | 'offline', epoch: number | null): { topic: string; payload: string } | null {
    if (epoch === null || this.parts.account.role !== 'courier') return null
    const { id, region } = this.parts.account
    const payload = encode(
      'chargeloop.common.connection_state.v1',
      { state, connection_epoch: epoch },
      this.#attributes(this.#nextId()),
    )
    return { topic: topic('courier_connection', { region, courier: id }), payload }
  }

  #filters(): string[] {
    const { id, region, role } = this.parts.account
    return this.parts.topics.map((name) => topic(name, { region, [role]: id }))
  }

  /** Another page of the account may have written and acknowledged too. */
  #followJournal(): void {
    const { journal } = this.parts
    if (journal === null || this.#window === null) return
    this.#window.last = journal.last
    this.#window.acknowledge(journal.acked, performance.now(), false)
  }

  /** Publishes what is due. */
  #flush(): void {
    const wire = this.#wire
    if (wire === null) return
    const now = performance.now()
    this.#probeIfDue(wire, now)
    for (const question of this.#questions.values()) {
      if (question.dueAt > now) continue
      question.dueAt = now + RESEND_MS * 2 ** Math.min(question.vain++, MOST_DOUBLINGS)
      wire.publish(question.topic, question.payload, { qos: 1, retain: false })
    }
    const { journal, account } = this.parts
    if (journal === null || this.#window === null) return
    const place = topic('courier_event', { region: account.region, courier: account.id })
    if (this.#heldUntil !== null && this.#heldUntil <= now) this.#heldUntil = null
    for (const seq of this.#window.take(now, this.#heldUntil === null ? Infinity : this.#lastBefore)) {
      const { payload } = journal.entry(seq)
      wire.publish(place, this.#window.isMarked(seq) ? marked(payload, seq) : payload, {
        qos: 1,
        retain: false,
      })
    }
  }

  #probeAnew(): void {
    this.#probe = null
    this.#probeAt = this.#exchanges = this.#vainProbes = 0
    this.#heldUntil =
      this.#dated || this.parts.account.role !== 'courier' ? null : performance.now() + HOLD_MS
  }

  /** Nothing measured in an earlier boot can date what this one records. */
  #noticeBoot(boot: string): void {
    if (boot === this.#boot) return
    this.#boot = boot
    this.#lastBefore = this.parts.journal?.last ?? 0
    this.#dated = false
    this.#probeAnew()
  }

  /** Asks for the time at the beginning of a connection or a boot, twice, so that the platform learns ours at once. */
  #probeIfDue(wire: Wire, now: number): void {
    const { account, clock } = this.parts
    if (account.role !== 'courier') return
    const { boot, uptimeMs } = clock.read()
    this.#noticeBoot(boot)
    if (now < this.#probeAt) return
    // A broker may have dropped what it had acknowledged.
    if (this.#exchanges > 1 && this.#vainProbes === 0) this.#sayStates(wire)
    this.#probeAt = now + RESEND_MS * 2 ** Math.min(this.#vainProbes++, MOST_DOUBLINGS)
    const id = this.#nextId()
    const reports = clock.lastSample !== null
    this.#probe = { id, boot, sentUptimeMs: uptimeMs, reports }
    if (reports) this.#heldUntil = null // what follows on this connection arrives behind it
    const payload = encode(
      'chargeloop.common.time_probe.v1',
      { sent_uptime_ms: uptimeMs, previous: clock.lastSample },
      this.#attributes(id),
    )
    wire.publish(topic('courier_time', { region: account.region, courier: account.id }), payload, {
      qos: 0,
      retain: false,
    })
  }

  #arrived(name: string, payload: Uint8Array): void {
    let arrived: Arrived
    try {
      arrived = decode(name, payload)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.refused += 1
      console.warn('refused on', name, error.message)
      return
    }
    const { message } = arrived
    const question = this.#questions.get(message.correlationid ?? '')
    if (message.type === 'chargeloop.common.journal_ack.v1')
      // What cannot be let go of stays kept, and is acknowledged again after a reload.
      this.#acknowledged(message.data).catch((error: unknown) => console.error(error))
    else if (message.type === 'chargeloop.common.time_reply.v1')
      this.#learnTime(message.correlationid, message.data.platform_time)
    else if (question !== undefined && answers(question.topic, arrived)) {
      this.#questions.delete(message.correlationid ?? '')
      question.answer(message)
    } else this.parts.receive(arrived)
  }

  async #acknowledged({ journal, seq, gap }: { journal: string; seq: number; gap?: boolean }): Promise<void> {
    const mine = this.parts.journal
    if (mine === null || this.#window === null || journal !== mine.id) return
    this.#window.acknowledge(seq, performance.now(), gap ?? false)
    await mine.acknowledge(journal, seq)
    this.#followJournal()
    this.#flush()
    this.parts.committed?.()
  }

  #learnTime(probe: string | null | undefined, platformTime: string): void {
    const { clock } = this.parts
    const asked = this.#probe
    if (asked === null || asked.id !== probe || asked.boot !== clock.read().boot) return
    clock.learn(platformTime, asked.sentUptimeMs)
    this.#dated ||= asked.reports
    this.#probe = null
    this.#vainProbes = 0
    this.#probeAt = this.#exchanges++ === 0 ? 0 : performance.now() + PROBE_MS
    this.#flush()
  }

  #attributes(id: string, at: Reading = this.parts.clock.read()): Omit<Envelope, 'type' | 'data'> {
    const { role, id: account } = this.parts.account
    return {
      id,
      source: `${role}/${account}`,
      time: new Date(at.wallMs).toISOString(),
      bootid: at.boot,
      uptimems: String(at.uptimeMs),
      clockstate: at.state,
    }
  }
}

/** An answer comes on the topic that goes back from where the question went. */
function answers(question: string, { topic: name }: Arrived): boolean {
  const asked = placeOf(question)
  const place = placeOf(name)
  return (
    asked !== null &&
    place !== null &&
    Object.entries(asked.ids).every(([key, id]) => (place.ids[key] ?? id) === id)
  )
}

function marked(payload: string, seq: number): string {
  return JSON.stringify({ ...(JSON.parse(payload) as object), keptfrom: seq })
}
