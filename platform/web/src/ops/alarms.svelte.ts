/** What operators have to look after, as the gateway tells it. */

import { Problem } from '../session/api'
import { session } from '../session/session.svelte'

export interface Alarm {
  readonly id: string
  readonly kind: string
  readonly subject: { readonly kind: 'cabinet' | 'order' | 'bank' | 'service'; readonly id: string }
  readonly severity: 'info' | 'warning' | 'critical'
  readonly since: string
  readonly cleared: string | null
  readonly text: string
  readonly acknowledged: { readonly by: string; readonly at: string } | null
  readonly assignee: string | null
  readonly closed: { readonly by: string; readonly at: string; readonly reason: string } | null
}

const POLL_MS = 5_000
const ABSENT_MS = 60_000

export class Alarms {
  state = $state<'starting' | 'here' | 'absent' | 'unreachable'>('starting')
  shown = $state<'open' | 'closed'>('open')
  list = $state.raw<readonly Alarm[]>([])
  open = $state(0)
  #timer: ReturnType<typeof setTimeout> | undefined
  #running = false

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
    this.list = []
    await this.refresh()
  }

  /** Throws a Problem when it cannot be done. */
  async act(alarm: Alarm, act: 'acknowledge' | 'assign' | 'close', body: object): Promise<void> {
    const path = `/v1/alarms/${encodeURIComponent(alarm.id)}/${act}`
    const changed = await session.call<Alarm>(path, { method: 'POST', body })
    this.list = this.list
      .map((known) => (known.id === changed.id ? changed : known))
      .filter(({ closed }) => (closed === null) === (this.shown === 'open'))
    await this.refresh()
  }

  async refresh(): Promise<void> {
    const which = this.shown
    try {
      const { alarms } = await session.call<{ alarms: Alarm[] }>(`/v1/alarms?state=${which}`)
      if (which !== this.shown) return
      this.list = alarms
      if (which === 'open') this.open = alarms.length
      this.state = 'here'
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.state = error.status === 404 ? 'absent' : 'unreachable'
    }
  }

  async #poll(): Promise<void> {
    await this.refresh()
    if (this.#running)
      this.#timer = setTimeout(() => void this.#poll(), this.state === 'absent' ? ABSENT_MS : POLL_MS)
  }
}
