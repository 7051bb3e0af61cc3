/** What operators have to look after, as the gateway tells it. */

import { type Call, Problem } from '../session/api'

export interface Alarm {
  readonly id: string
  readonly kind: string
  readonly subject: { readonly kind: 'cabinet' | 'order' | 'bank' | 'service'; readonly id: string }
  /** What tells alarms of one subject apart, such as a slot; a gateway of before does not say. */
  readonly part?: string
  readonly severity: 'info' | 'warning' | 'critical'
  readonly since: string
  readonly cleared: string | null
  readonly text: string
  readonly acknowledged: { readonly by: string; readonly at: string } | null
  readonly assignee: string | null
  readonly closed: { readonly by: string; readonly at: string; readonly reason: string } | null
}

interface Read {
  readonly alarms: readonly Alarm[]
  readonly total: number
}

const POLL_MS = 5_000
const ABSENT_MS = 60_000

export class Alarms {
  state = $state<'starting' | 'here' | 'absent' | 'unreachable'>('starting')
  shown = $state<'open' | 'closed'>('open')
  /** The alarms that are shown; null: none have been read yet. */
  list = $state.raw<readonly Alarm[] | null>(null)
  /** How many there are of those that are shown: the list may have been cut. */
  total = $state(0)
  /** How many are open, whichever are shown. */
  open = $state(0)
  #timer: ReturnType<typeof setTimeout> | undefined
  #running = false
  // What was asked for last counts: what was read before an operator's act is not shown after it.
  #turn = 0

  constructor(private readonly call: <T>(path: string, request?: Call) => Promise<T>) {}

  start(): void {
    this.#running = true
    void this.#poll()
  }

  stop(): void {
    this.#running = false
    clearTimeout(this.#timer)
  }

  async show(which: 'open' | 'closed'): Promise<void> {
    this.shown = which
    this.list = null
    this.total = 0
    this.state = 'starting'
    await this.refresh()
  }

  /** Throws a Problem when it cannot be done. */
  async act(alarm: Alarm, act: 'acknowledge' | 'assign' | 'close', body: object): Promise<void> {
    const path = `/v1/alarms/${encodeURIComponent(alarm.id)}/${act}`
    const changed = await this.call<Alarm>(path, { method: 'POST', body })
    const left = this.list
      ?.map((known) => (known.id === changed.id ? changed : known))
      .filter(({ closed }) => (closed === null) === (this.shown === 'open'))
    this.total -= (this.list?.length ?? 0) - (left?.length ?? 0)
    this.list = left ?? null
    await this.refresh()
  }

  async refresh(): Promise<void> {
    const turn = ++this.#turn
    const which = this.shown
    try {
      const open = await this.#read('open')
      const list = which === 'open' ? open : await this.#read(which)
      if (turn !== this.#turn) return
      this.open = open.total
      this.list = list.alarms
      this.total = list.total
      this.state = 'here'
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (turn === this.#turn) this.state = error.status === 404 ? 'absent' : 'unreachable'
    }
  }

  async #read(which: 'open' | 'closed'): Promise<Read> {
    // A gateway of before does not say how many there are.
    const { alarms, total } = await this.call<{ alarms: Alarm[]; total?: number }>(
      `/v1/alarms?state=${which}`,
    )
    return { alarms, total: total ?? alarms.length }
  }

  async #poll(): Promise<void> {
    await this.refresh()
    if (this.#running)
      this.#timer = setTimeout(() => void this.#poll(), this.state === 'absent' ? ABSENT_MS : POLL_MS)
  }
}
