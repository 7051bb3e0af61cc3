/**
 * A page's idea of time: a wall clock that may be wrong, uptime, and the platform's time as learned.
 *
 * The platform's clock showed its time somewhere between the sending of a probe and the receipt of the reply;
 * the exchange that bounds it best is kept. The uptime of a browser may stand still while the machine sleeps: then
 * wall clock and uptime part, and another boot begins, since nothing measured before can date what comes after.
 * A world that runs faster than ours (a demo) is met by a `speed` that the gateway tells.
 */

import type { ClockState, SyncSample } from '../protocol/generated'

const SYNCED_WITHIN_MS = 2_000
const SLEPT_MS = 2_000
const DRIFT_PPM = 200

export interface Reading {
  readonly boot: string
  readonly uptimeMs: number
  readonly wallMs: number
  readonly state: ClockState
}

interface Learned {
  readonly offsetMs: number
  readonly halfWidthMs: number
  readonly atUptimeMs: number
}

export interface Clocks {
  wall(): number
  monotonic(): number
  newBoot(): string
}

export const BROWSER_CLOCKS: Clocks = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  newBoot: () => `boot-${crypto.randomUUID().slice(0, 18)}`,
}

export class DeviceClock {
  lastSample: SyncSample | null = null
  #boot: string
  #started: number
  #wallAtStart: number
  #learned: Learned | null = null

  constructor(
    private readonly clocks: Clocks = BROWSER_CLOCKS,
    private speed = 1,
  ) {
    this.#boot = clocks.newBoot()
    this.#started = clocks.monotonic()
    this.#wallAtStart = clocks.wall()
  }

  /** Whether the platform's time has been learned in this boot. */
  get knowsPlatform(): boolean {
    return this.#learned !== null
  }

  /** Takes the world's speed; at another one than before another boot begins. */
  runAt(speed: number): void {
    if (speed === this.speed) return
    this.speed = speed
    this.#beginBoot()
  }

  /** What all clocks show now. */
  read(): Reading {
    this.#noticeSleep()
    const uptimeMs = this.#uptime()
    const wallMs = Math.round(this.clocks.wall())
    const inStep = this.#learned !== null && Math.abs(this.platformMs() - wallMs) <= SYNCED_WITHIN_MS
    return { boot: this.#boot, uptimeMs, wallMs, state: inStep ? 'synced' : 'free' }
  }

  /** The platform's time as far as known; the wall clock's until it has been learned. */
  platformMs(): number {
    return this.#learned === null ? this.clocks.wall() : this.#learned.offsetMs + this.#uptime()
  }

  /** Takes the answer to a probe. */
  learn(platformTime: string, sentUptimeMs: number): void {
    const receivedUptimeMs = this.read().uptimeMs
    if (sentUptimeMs > receivedUptimeMs) return
    this.lastSample = {
      platform_time: platformTime,
      sent_uptime_ms: sentUptimeMs,
      received_uptime_ms: receivedUptimeMs,
    }
    const halfWidthMs = Math.ceil((receivedUptimeMs - sentUptimeMs) / 2)
    const known = this.#learned
    if (known !== null) {
      const agedMs = ((receivedUptimeMs - known.atUptimeMs) * DRIFT_PPM) / 1_000_000
      if (halfWidthMs > known.halfWidthMs + agedMs) return
    }
    const middleMs = (sentUptimeMs + receivedUptimeMs) / 2
    this.#learned = {
      offsetMs: Date.parse(platformTime) - middleMs,
      halfWidthMs,
      atUptimeMs: receivedUptimeMs,
    }
  }

  #uptime(): number {
    return Math.max(0, Math.round((this.clocks.monotonic() - this.#started) * this.speed))
  }

  #noticeSleep(): void {
    const passedMs = this.clocks.monotonic() - this.#started
    const partedMs = this.clocks.wall() - this.#wallAtStart - passedMs
    if (partedMs > SLEPT_MS) this.#beginBoot()
    // A clock that was set back has told of no time that passed, and a later sleep is counted from there.
    if (partedMs < -SLEPT_MS) this.#wallAtStart += partedMs
  }

  #beginBoot(): void {
    this.#boot = this.clocks.newBoot()
    this.#started = this.clocks.monotonic()
    this.#wallAtStart = this.clocks.wall()
    this.#learned = null
    this.lastSample = null
  }
}
