/**
 * Requests that must arrive, once: kept in the browser until the gateway has answered, under one key each.
 *
 * They are sent one after the other in the order they were made. Without an answer the same request goes out again
 * with the same key, and the gateway carries it out once. A refusal is an answer.
 */

import { answered, written } from '../storage/database'
import { Problem } from './api'

export interface Kept {
  readonly key: string
  readonly account: string
  readonly path: string
  readonly body: unknown
  readonly at: number
}

export interface Outcome {
  readonly request: Kept
  readonly answer: unknown
  readonly problem: Problem | null
}

type Send = (path: string, body: unknown, key: string) => Promise<unknown>

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 20_000

export class Outbox {
  /** Requests without an answer, oldest first. */
  waiting = $state.raw<readonly Kept[]>([])
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
  ) {}

  /** Opens the outbox of an account and goes on where it was left. */
  static async open(
    database: IDBDatabase,
    account: string,
    send: Send,
    settled: (outcome: Outcome) => void,
  ): Promise<Outbox> {
    const outbox = new Outbox(database, account, send, settled)
    const all = (await answered(
      database.transaction('requests').objectStore('requests').getAll() as IDBRequest<unknown>,
    )) as Kept[]
    outbox.waiting = all.filter((kept) => kept.account === account).sort((one, other) => one.at - other.at)
    outbox.hurry()
    return outbox
  }

  /** Keeps a request; when it resolves it will arrive, whatever happens to this page. */
  async add(path: string, body: unknown, key: string = crypto.randomUUID()): Promise<void> {
    const last = this.waiting.at(-1)?.at ?? 0
    const kept: Kept = { key, account: this.account, path, body, at: Math.max(Date.now(), last + 1) }
    await written(this.database, ['requests'], async (transaction) => {
      await answered(transaction.objectStore('requests').put(kept, key))
    })
    this.waiting = [...this.waiting, kept]
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
    return this.#stopped ? undefined : this.waiting[0]
  }

  async #arrives(request: Kept): Promise<boolean> {
    let answer: unknown = null
    let problem: Problem | null = null
    try {
      answer = await this.send(request.path, request.body, request.key)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      // Who is logged out may come back: nothing is thrown away for that.
      if (error.passes || error.status === 401) {
        this.#later(error)
        return false
      }
      problem = error
    }
    await written(this.database, ['requests'], async (transaction) => {
      await answered(transaction.objectStore('requests').delete(request.key))
    })
    this.waiting = this.waiting.filter((kept) => kept.key !== request.key)
    this.trouble = null
    this.#pauseMs = 0
    this.settled({ request, answer, problem })
    return true
  }

  #later(problem: Problem): void {
    if (this.#stopped) return
    this.trouble = problem
    this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
    const waitMs = problem.retryAfterS === null ? Math.random() * this.#pauseMs : problem.retryAfterS * 1_000
    this.#timer = setTimeout(() => void this.#work(), waitMs)
  }
}
