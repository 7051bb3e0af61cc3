/**
 * Requests that must arrive, once: kept in the browser until the gateway has answered, under one key each.
 *
 * They are sent one after the other in the order they were made. Without an answer the same request goes out again
 * with the same key, and the gateway carries it out once. A refusal is an answer.
 *
 * Tabs share what is kept: which of them sends a request, or takes it back, is settled in the store. What nobody may
 * want any more by the time there is a network is held until somebody has been asked.
 */

import { answered, written } from '../storage/database'
import { Problem } from './api'

export interface Kept {
  readonly key: string
  readonly account: string
  readonly path: string
  readonly body: unknown
  readonly at: number
  /** Whether it may have reached the gateway; a page of before has not noted it. */
  readonly sent?: boolean
}

export interface Outcome {
  readonly request: Kept
  readonly answer: unknown
  readonly problem: Problem | null
}

type Send = (path: string, body: unknown, key: string) => Promise<unknown>

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 20_000
/** So long somebody waits before they have made other plans. */
const OLD_MS = 10 * 60_000

export class Outbox {
  /** Requests without an answer, oldest first. */
  waiting = $state.raw<readonly Kept[]>([])
  /** Those of them that are sent only when somebody still wants them. */
  held = $state.raw<readonly Kept[]>([])
  /** Why the last attempt did not arrive, or null. */
  trouble = $state.raw<Problem | null>(null)
  #sending = false
  /** Whether somebody wanted an attempt while another one was under way. */
  #again = false
  #stopped = false
  #pauseMs = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  private constructor(
    private readonly database: IDBDatabase,
    private readonly account: string,
    private readonly send: Send,
    private readonly settled: (outcome: Outcome) => void,
    private readonly ages: (path: string) => boolean,
    private readonly reach: () => Promise<unknown>,
  ) {}

  /**
   * Opens the outbox of an account and goes on where it was left.
   *
   * `ages` tells what is not wanted for ever, `reach` asks the gateway for nothing, to see whether it is there.
   */
  static async open(
    database: IDBDatabase,
    account: string,
    send: Send,
    settled: (outcome: Outcome) => void,
    ages: (path: string) => boolean = () => false,
    reach: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<Outbox> {
    const outbox = new Outbox(database, account, send, settled, ages, reach)
    const all = (await answered(
      database.transaction('requests').objectStore('requests').getAll() as IDBRequest<unknown>,
    )) as Kept[]
    outbox.waiting = all.filter((kept) => kept.account === account).sort((one, other) => one.at - other.at)
    outbox.hurry()
    return outbox
  }

  /** Keeps a request; when it resolves it will be sent, or asked about, whatever happens to this page. */
  async add(path: string, body: unknown, key: string = crypto.randomUUID()): Promise<void> {
    const last = this.waiting.at(-1)?.at ?? 0
    const at = Math.max(Date.now(), last + 1)
    const kept: Kept = { key, account: this.account, path, body, at, sent: false }
    await written(this.database, ['requests'], async (transaction) => {
      await answered(transaction.objectStore('requests').put(kept, key))
    })
    this.waiting = [...this.waiting, kept]
    this.hurry()
  }

  /** Takes a request back; false when that is too late: it may have arrived, and nobody has been asked about it. */
  async takeBack({ key }: Kept): Promise<boolean> {
    const left = await this.#change(key, (kept) => (mayHaveArrived(kept) && !this.#isOld(kept) ? kept : null))
    return left === null
  }

  /** Sends a request that was held. */
  async sendNow({ key }: Kept): Promise<void> {
    await this.#change(key, (kept) => ({ ...kept, at: Date.now() }))
    this.hurry()
  }

  /** Tries now. */
  hurry(): void {
    clearTimeout(this.#timer)
    this.#pauseMs = 0
    void this.#work()
  }

  /** Begins no attempt any more; what waits is kept. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #work(): Promise<void> {
    this.#again = this.#sending
    if (this.#sending) return
    this.#sending = true
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        if (!(await this.#arrives(next))) return
      }
    } catch (error) {
      // A fault of this page; what waits must not stand still for it.
      this.#later(new Problem(0, 'unreachable', String(error)))
      throw error
    } finally {
      this.#sending = false
      if (this.#again) this.hurry()
    }
  }

  #next(): Kept | undefined {
    this.#hold()
    return this.#stopped ? undefined : this.waiting.find((kept) => !this.held.includes(kept))
  }

  #hold(): void {
    const held = this.waiting.filter((kept) => this.#isOld(kept))
    if (held.length > 0 || this.held.length > 0) this.held = held
  }

  #isOld({ path, at }: Kept): boolean {
    return this.ages(path) && Date.now() - at > OLD_MS
  }

  /**
   * Changes a request as it is kept, or drops it, and returns what is left of it.
   *
   * Null is left, too, of one that another tab has taken back or has had answered.
   */
  async #change(key: string, change: (kept: Kept) => Kept | null): Promise<Kept | null> {
    const left = await written(this.database, ['requests'], async (transaction) => {
      const store = transaction.objectStore('requests')
      const kept = (await answered(store.get(key) as IDBRequest<unknown>)) as Kept | undefined
      const changed = kept === undefined ? null : change(kept)
      if (changed === null) await answered(store.delete(key))
      else if (changed !== kept) await answered(store.put(changed, key))
      return changed
    })
    this.waiting = this.waiting.flatMap((kept) => (kept.key !== key ? [kept] : left === null ? [] : [left]))
    this.#hold()
    return left
  }

  async #arrives({ key }: Kept): Promise<boolean> {
    // Until the gateway is reached nothing is sent: so long a request can be taken back.
    if ((await this.#attempt(this.reach)) === null) return false
    const request = await this.#change(key, (kept) => (kept.sent === true ? kept : { ...kept, sent: true }))
    if (request === null) return true
    if (this.#stopped) return false
    const outcome = await this.#attempt(() => this.send(request.path, request.body, key))
    if (outcome === null) return false
    await this.#change(key, () => null)
    this.trouble = null
    this.#pauseMs = 0
    this.settled({ request, ...outcome })
    return true
  }

  /** Returns what was answered; null when nothing was, and it is tried again later. */
  async #attempt(call: () => Promise<unknown>): Promise<Omit<Outcome, 'request'> | null> {
    try {
      return { answer: await call(), problem: null }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      // Who is logged out may come back: nothing is thrown away for that.
      if (!error.passes && error.status !== 401) return { answer: null, problem: error }
      this.#later(error)
      return null
    }
  }

  #later(problem: Problem): void {
    if (this.#stopped) return
    this.trouble = problem
    this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
    const waitMs = problem.retryAfterS === null ? Math.random() * this.#pauseMs : problem.retryAfterS * 1_000
    this.#timer = setTimeout(() => void this.#work(), waitMs)
  }
}

/** Tells whether a request may be at the gateway: then it is no use to drop it here. */
export function mayHaveArrived({ sent }: Kept): boolean {
  return sent !== false
}
