/**
 * The page's end of the connection: batches of the worker are folded into the region, a few milliseconds' worth in
 * each frame, so that a flood makes the figures late and not the page slow.
 */

import type { LinkState } from '../../device/link.svelte'
import { takeOver } from '../../device/one_tab'
import { TOPICS, type TopicName } from '../../protocol/generated'
import { topic } from '../../protocol/topics'
import type { Account, Credentials } from '../../session/session.svelte'
import type { Batch } from './batch'
import type { FromWorker, ToWorker } from './hearing'
import { Beat } from './pulse.svelte'
import { Region } from './region'
import { Ring } from './ring'

export interface FeedParts {
  readonly account: Account
  admit(): Promise<{ ticket: string; credentials: Credentials }>
  /** The world's time at an instant of this machine's clock: all that the console shows is the world's. */
  worldMs(machineMs: number): number
  readonly worker?: () => Worker
}

const RING = 20_000
const BUDGET_MS = 5
const CHUNK = 32
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
const RATE_MS = 1_000
// Without frames, in a tab that nobody looks at, the work is done at this pace.
const UNSEEN_MS = 200
// What the broker ends so soon, so many times in a row, is ended by somebody who uses the same account elsewhere.
const SHORT_MS = 10_000
const SHORT_TIMES = 3

export class Feed {
  state = $state<LinkState>('connecting')
  /** Messages in the last second. */
  rate = $state(0)
  readonly region: Region
  readonly ring = new Ring(RING)
  readonly beat = new Beat()
  /** Called in every frame in which there may be something to draw. */
  readonly drawers = new Set<(nowMs: number) => void>()
  readonly #worker: Worker
  readonly #queue: Batch[] = []
  readonly #publishing = new Map<number, (sent: boolean) => void>()
  #publications = 0
  #at = 0
  #running = true
  #pauseMs = 0
  #planned: ReturnType<typeof setTimeout> | null = null
  #frame = 0
  #openedAt = 0
  #short = 0
  #rateAt = 0
  #rateFrom = 0

  constructor(private readonly parts: FeedParts) {
    this.region = new Region(parts.account.region)
    this.#worker =
      parts.worker?.() ?? new Worker(new URL('./wire.worker.ts', import.meta.url), { type: 'module' })
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data)
    this.#frame = requestAnimationFrame((now) => this.#step(now))
    takeOver(parts.account.id, () => this.#leave())
    void this.#connect()
  }

  stop(): void {
    this.#running = false
    cancelAnimationFrame(this.#frame)
    if (this.#planned !== null) clearTimeout(this.#planned)
    this.#say({ do: 'end' })
    this.#worker.terminate()
  }

  /**
   * Publishes what this account may; the broker's rules decide, and say nothing when they refuse.
   *
   * Tells whether it was sent: without a connection it is not, and is not kept either.
   */
  publish(place: string, payload: string): Promise<boolean> {
    if (this.state !== 'online') return Promise.resolve(false)
    const number = ++this.#publications
    return new Promise((told) => {
      this.#publishing.set(number, told)
      this.#say({ do: 'publish', number, topic: place, payload })
    })
  }

  #say(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  async #connect(): Promise<void> {
    try {
      const { ticket, credentials } = await this.parts.admit()
      if (this.#running && this.state !== 'elsewhere')
        this.#say({ do: 'connect', ticket, credentials, filters: filters(this.parts.account) })
    } catch (error) {
      console.info('no connection:', error)
      this.#again()
    }
  }

  #hear(message: FromWorker): void {
    if (message.is === 'batch') {
      this.#queue.push(message.batch)
      if (document.hidden) this.#planned ??= setTimeout(() => this.#unseen(), UNSEEN_MS)
    } else if (message.is === 'open') {
      // It was on its way when another page took over, and is ended already.
      if (this.state === 'elsewhere') return
      this.state = 'online'
      this.#pauseMs = 0
      this.#openedAt = performance.now()
    } else if (message.is === 'published') {
      this.#publishing.get(message.number)?.(message.sent)
      this.#publishing.delete(message.number)
    } else this.#lost(message.ended)
  }

  #lost(ended: boolean): void {
    if (this.state === 'online') {
      const short = ended && performance.now() - this.#openedAt < SHORT_MS
      this.#short = short ? this.#short + 1 : 0
    }
    if (this.#short >= SHORT_TIMES) this.#leave()
    else this.#again()
  }

  /** Another page of this account has the connection now. */
  #leave(): void {
    this.state = 'elsewhere'
    this.#say({ do: 'end' })
  }

  #again(): void {
    if (!this.#running || this.state === 'elsewhere') return
    this.state = 'offline'
    this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
    setTimeout(() => void this.#connect(), Math.random() * this.#pauseMs)
  }

  #step(nowMs: number): void {
    if (!this.#running) return
    this.#frame = requestAnimationFrame((now) => this.#step(now))
    this.#fold(BUDGET_MS)
    if (nowMs - this.#rateAt >= RATE_MS) {
      const rate = Math.round(((this.ring.last - this.#rateFrom) * 1_000) / (nowMs - this.#rateAt))
      if (rate !== this.rate) this.rate = rate
      this.#rateAt = nowMs
      this.#rateFrom = this.ring.last
    }
    this.beat.tick(nowMs)
    for (const draw of this.drawers) draw(nowMs)
  }

  #unseen(): void {
    this.#planned = null
    this.#fold(UNSEEN_MS / 2)
    if (this.#queue.length > 0 && document.hidden) this.#planned = setTimeout(() => this.#unseen(), UNSEEN_MS)
  }

  /** Folds what waits, for at most so long. */
  #fold(budgetMs: number): void {
    if (this.#queue.length === 0) return
    const until = performance.now() + budgetMs
    for (let batch = this.#queue[0]; batch !== undefined; batch = this.#queue[0]) {
      const { topics, bytes, ends, times, retained } = batch
      const stop = Math.min(topics.length, this.#at + CHUNK)
      for (; this.#at < stop; this.#at++) {
        const name = topics[this.#at] ?? ''
        const start = ends[this.#at - 1] ?? 0
        const end = ends[this.#at] ?? start
        const atMs = this.parts.worldMs(times[this.#at] ?? 0)
        const wasRetained = retained[this.#at] === 1
        const seq = this.ring.push(name, bytes, start, end, atMs, wasRetained)
        this.region.take(seq, name, bytes, start, end, atMs, wasRetained)
      }
      if (this.#at === topics.length) {
        this.#queue.shift()
        this.#at = 0
        this.#say({ do: 'taken' })
      }
      if (performance.now() >= until) break
    }
    this.beat.mark()
  }
}

/** Returns filters for all that this account may read. */
function filters({ id, region, role }: Account): string[] {
  return (Object.keys(TOPICS) as TopicName[])
    .filter((name) => (TOPICS[name].readers as readonly string[]).includes(role))
    .map((name) => topic(name, { region, [role]: id }))
}
