/** Who is here: log-in, an access token that is renewed before it ends, and log-out. */

import { call, type Call, Problem } from './api'
import type { Basemap } from './bodies'

export type Role = 'user' | 'courier' | 'operator'

export interface Account {
  readonly id: string
  readonly role: Role
  readonly name: string
  readonly region: string
}

export interface Credentials {
  readonly client_id: string
  readonly username: string
  readonly password: string
}

interface SessionBody {
  readonly access_token: string
  readonly expires_in_s: number
  readonly account: Account
  readonly mqtt: Credentials
  /** The world's clock, when it is not the machine's: a demo may run a day in minutes. */
  readonly clock?: { readonly now: string; readonly speed: number }
  /** The map of the real city, if there is one. */
  readonly map?: Basemap | null
}

const PATH = '/v1/session'
const BEGUN = 'chargeloop-session'
/** Stands as long as a session that somebody has left may live on, since no network was there to end it. */
const LEAVING = 'chargeloop-leaving'
const MAP = 'chargeloop-map'
const TURNS = 'chargeloop-refresh'
const RENEW_AT = 0.7
const RETRY_MS = 5_000
const SLEPT_MS = 2_000

class Session {
  account = $state.raw<Account | null>(null)
  /** Whether the session is known to be over: a page that was going on without a network must ask. */
  over = $state(false)
  /** What maps are drawn on, as it was told last; null: on an invented city. */
  map = $state.raw(JSON.parse(localStorage.getItem(MAP) ?? 'null') as Basemap | null)
  mqtt: Credentials | null = null
  /** How much faster the world's clock runs than ours. */
  speed = 1
  #aheadMs = 0
  /** How far this machine's clock was ahead of the page's uptime, which stands still while the machine sleeps. */
  #partedMs = 0
  #token: string | null = null
  #renewing: ReturnType<typeof setTimeout> | undefined
  #restoring: Promise<boolean> | null = null
  #leaving: Promise<void> | null = null
  #leavingAgain: ReturnType<typeof setTimeout> | undefined

  async logIn(login: string, password: string): Promise<Account> {
    return await navigator.locks.request(TURNS, async () => {
      // One that cannot be ended now either loses its cookie to the new one.
      await endLeft().catch((error: unknown) => console.info('not ended:', error))
      const body = await call<SessionBody>(PATH, { method: 'POST', body: { login, password } })
      localStorage.removeItem(LEAVING)
      return this.#take(body)
    })
  }

  /**
   * Goes on with the session of the refresh cookie; false when there is none.
   *
   * Throws a Problem when that could not be learned. Tabs take turns, since a cookie can be used once.
   */
  async restore(): Promise<boolean> {
    if (this.#isOver()) return false
    this.#restoring ??= navigator.locks
      .request(TURNS, async () => {
        if (this.#isOver()) return false
        try {
          const body = await call<SessionBody>(`${PATH}/refresh`, { method: 'POST' })
          // They may have logged out in another tab meanwhile.
          if (this.#isOver()) return false
          this.#take(body)
          return true
        } catch (error) {
          if (!(error instanceof Problem) || error.passes) throw error
          this.#end()
          return false
        }
      })
      .finally(() => (this.#restoring = null))
    return await this.#restoring
  }

  /** The world's time in milliseconds, as far as the gateway has told it. */
  now(): number {
    if (this.#aheadMs === 0) return Date.now()
    this.#noticeSleep()
    return this.#aheadMs + performance.now() * this.speed
  }

  /** Makes up for the time of a sleep, as far as the machine's clock tells it, and asks the gateway. */
  #noticeSleep(): void {
    const sleptMs = Date.now() - performance.now() - this.#partedMs
    if (Math.abs(sleptMs) <= SLEPT_MS) return
    this.#partedMs += sleptMs
    // A clock that was set back has told of no time that passed.
    if (sleptMs < 0) return
    this.#aheadMs += sleptMs * this.speed
    this.#renewIn(0)
  }

  /** The world's time at an instant of this machine's clock, which may be another. */
  worldMs(machineMs: number): number {
    return this.#aheadMs === 0 ? machineMs : this.now() - (Date.now() - machineMs) * this.speed
  }

  /** Logs out here at once; throws a Problem when the gateway could not be told, which every start makes up for. */
  async logOut(): Promise<void> {
    this.#forget()
    localStorage.setItem(LEAVING, 'yes')
    await this.#leave()
  }

  #leave(): Promise<void> {
    this.#leaving ??= navigator.locks.request(TURNS, endLeft).finally(() => (this.#leaving = null))
    return this.#leaving
  }

  #goOnLeaving(): void {
    clearTimeout(this.#leavingAgain)
    this.#leave().catch(() => (this.#leavingAgain = setTimeout(() => this.#goOnLeaving(), RETRY_MS)))
  }

  /**
   * Calls the gateway as whoever is logged in; a token that has ended is renewed once.
   *
   * With `only` nothing is sent unless it is that account: by the time a request goes out, or the token is renewed,
   * somebody else may be.
   */
  async call<T>(path: string, request: Call = {}, only?: string): Promise<T> {
    if (this.#token === null) await this.restore()
    this.#isStill(only)
    try {
      return await call<T>(path, { ...request, token: this.#token })
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401 || !(await this.restore())) throw error
      this.#isStill(only)
      return call<T>(path, { ...request, token: this.#token })
    }
  }

  /** Takes what another tab has changed in the browser's store: who logs out there has logged out here. */
  heard({ key }: Pick<StorageEvent, 'key'>): void {
    if ((key === BEGUN || key === null) && localStorage.getItem(BEGUN) === null) this.#end()
  }

  /** Tells whether there is no session to go on with; a page that still has one lets go of it. */
  #isOver(): boolean {
    const left = localStorage.getItem(LEAVING) !== null
    // The cookie is hidden from us: this tells whether asking makes sense.
    if (!left && localStorage.getItem(BEGUN) !== null) return false
    if (left) this.#goOnLeaving()
    if (this.account !== null || this.#token !== null) this.#end()
    return true
  }

  #isStill(account: string | undefined): void {
    if (account !== undefined && this.account?.id !== account)
      throw new Problem(401, 'session_over', 'this account is not logged in any more')
  }

  #take(body: SessionBody): Account {
    localStorage.setItem(BEGUN, 'yes')
    this.over = false
    this.#token = body.access_token
    this.mqtt = body.mqtt
    if (body.clock !== undefined) {
      this.speed = body.clock.speed
      this.#aheadMs = Date.parse(body.clock.now) - performance.now() * this.speed
      this.#partedMs = Date.now() - performance.now()
    }
    const map = JSON.stringify(body.map ?? null)
    if (map !== JSON.stringify(this.map)) {
      localStorage.setItem(MAP, map)
      this.map = body.map ?? null
    }
    if (JSON.stringify(body.account) !== JSON.stringify(this.account)) this.account = body.account
    this.#renewIn(body.expires_in_s * 1_000 * RENEW_AT)
    return body.account
  }

  #renewIn(delayMs: number): void {
    clearTimeout(this.#renewing)
    this.#renewing = setTimeout(() => {
      this.restore().catch(() => this.#renewIn(RETRY_MS))
    }, delayMs)
  }

  #end(): void {
    this.#forget()
    this.over = true
  }

  #forget(): void {
    clearTimeout(this.#renewing)
    localStorage.removeItem(BEGUN)
    this.#token = null
    this.mqtt = null
    this.account = null
  }
}

/** Ends the session that was left; throws a Problem while the gateway cannot do that. */
async function endLeft(): Promise<void> {
  if (localStorage.getItem(LEAVING) === null) return
  try {
    await call(PATH, { method: 'DELETE' })
  } catch (error) {
    if (!(error instanceof Problem) || error.passes) throw error
  }
  localStorage.removeItem(LEAVING)
}

export const session = new Session()
