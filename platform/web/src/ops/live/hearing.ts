/**
 * What the worker does: it holds one connection to the broker, and hands over what arrives in batches.
 *
 * A page that does not keep up gets no more than a few batches ahead of it; what waits here is bounded, and a
 * page that falls behind further begins anew, for the retained states bring it up to date.
 */

import type { Dial, Wire } from '../../device/wire'
import type { Credentials } from '../../session/session.svelte'
import { type Batch, Packer } from './batch'

export type ToWorker =
  | {
      readonly do: 'connect'
      readonly ticket: string
      readonly credentials: Credentials
      readonly filters: readonly string[]
    }
  | { readonly do: 'publish'; readonly number: number; readonly topic: string; readonly payload: string }
  | { readonly do: 'taken' }
  | { readonly do: 'end' }

export type FromWorker =
  | { readonly is: 'open' }
  | { readonly is: 'lost'; readonly why: string; readonly ended: boolean }
  | { readonly is: 'batch'; readonly batch: Batch }
  /** Whether there was a connection for what was to be published under this number. */
  | { readonly is: 'published'; readonly number: number; readonly sent: boolean }

type Connect = Extract<ToWorker, { do: 'connect' }>
type Publish = Extract<ToWorker, { do: 'publish' }>

const GATHER_MS = 40
const MOST_IN_BATCH = 500
const MOST_AHEAD = 4
const MOST_BYTES = 32 * 1024 * 1024

export class Hearing {
  #packer = new Packer()
  #wire: Wire | null = null
  // Whoever connects or leaves begins another turn: what a connection of an older one does is nobody's any more.
  #turn = 0
  #ahead = 0
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(
    private readonly say: (message: FromWorker, transfer?: Transferable[]) => void,
    private readonly dial: (dial: Dial) => Promise<Wire>,
  ) {}

  take(message: ToWorker): void {
    if (message.do === 'connect') void this.#connect(message)
    else if (message.do === 'publish') this.#publish(message)
    else if (message.do === 'end') this.#leave()
    else {
      this.#ahead -= 1
      if (this.#packer.count > 0) this.#plan()
    }
  }

  async #connect({ ticket, credentials, filters }: Connect): Promise<void> {
    this.#leave()
    const turn = this.#turn
    const lost = (why: string, ended: boolean) => {
      if (turn === this.#turn) this.#lost(why, ended)
    }
    try {
      const wire = await this.dial({
        ticket,
        credentials,
        will: null,
        filters,
        events: {
          arrived: (topic, payload, retained) => {
            if (turn === this.#turn) this.#arrived(topic, payload, retained)
          },
          lost: (ended) => lost('the connection was lost', ended),
        },
      })
      if (turn !== this.#turn) {
        wire.end()
        return
      }
      this.#wire = wire
      this.say({ is: 'open' })
    } catch (error) {
      lost(error instanceof Error ? error.message : String(error), false)
    }
  }

  #publish({ number, topic, payload }: Publish): void {
    this.#wire?.publish(topic, payload, { qos: 1, retain: false })
    this.say({ is: 'published', number, sent: this.#wire !== null })
  }

  #leave(): void {
    this.#turn += 1
    this.#wire?.end()
    this.#wire = null
    this.#packer = new Packer()
  }

  /** `ended`: by the broker. */
  #lost(why: string, ended: boolean): void {
    this.#leave()
    this.say({ is: 'lost', why, ended })
  }

  #arrived(topic: string, payload: Uint8Array, retained: boolean): void {
    this.#packer.add(topic, payload, Date.now(), retained)
    if (this.#packer.size > MOST_BYTES) this.#lost('the page does not keep up', false)
    else this.#plan()
  }

  #plan(): void {
    if (this.#timer !== null || this.#ahead >= MOST_AHEAD) return
    this.#timer = setTimeout(() => this.#flush(), GATHER_MS)
  }

  #flush(): void {
    this.#timer = null
    while (this.#packer.count > 0 && this.#ahead < MOST_AHEAD) {
      const batch = this.#packer.take(MOST_IN_BATCH)
      this.#ahead += 1
      this.say({ is: 'batch', batch }, [
        batch.bytes.buffer,
        batch.ends.buffer,
        batch.times.buffer,
        batch.retained.buffer,
      ])
    }
  }
}
