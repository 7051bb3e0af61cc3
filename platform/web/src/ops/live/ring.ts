/**
 * The last messages, as they came: a ring over plain arrays, so that a message costs no object of its own.
 *
 * Messages are numbered from 1 for the life of the page. Payloads stay where the batch that brought them lies.
 */

export interface Heard {
  readonly seq: number
  readonly topic: string
  readonly bytes: Uint8Array
  /** When it arrived, by this machine's clock. */
  readonly atMs: number
  readonly retained: boolean
}

export class Ring {
  /** How many messages there have been. */
  last = 0
  readonly #topics: string[]
  readonly #batches: Uint8Array[]
  readonly #starts: Uint32Array
  readonly #ends: Uint32Array
  readonly #times: Float64Array
  readonly #retained: Uint8Array

  constructor(readonly size: number) {
    this.#topics = new Array<string>(size).fill('')
    this.#batches = new Array<Uint8Array>(size).fill(new Uint8Array())
    this.#starts = new Uint32Array(size)
    this.#ends = new Uint32Array(size)
    this.#times = new Float64Array(size)
    this.#retained = new Uint8Array(size)
  }

  /** The number of the oldest message that is still there; `last + 1` when there is none. */
  get first(): number {
    return Math.max(1, this.last - this.size + 1)
  }

  push(
    topic: string,
    batch: Uint8Array,
    start: number,
    end: number,
    atMs: number,
    retained: boolean,
  ): number {
    const at = this.last % this.size
    this.#topics[at] = topic
    this.#batches[at] = batch
    this.#starts[at] = start
    this.#ends[at] = end
    this.#times[at] = atMs
    this.#retained[at] = retained ? 1 : 0
    return (this.last += 1)
  }

  /** Returns the topic of a message that is still there. */
  topic(seq: number): string {
    return this.#topics[this.#at(seq)] ?? ''
  }

  /** Returns a message, or null when it is no longer there. */
  get(seq: number): Heard | null {
    if (seq < this.first || seq > this.last) return null
    const at = this.#at(seq)
    return {
      seq,
      topic: this.#topics[at] ?? '',
      bytes: (this.#batches[at] ?? new Uint8Array()).subarray(this.#starts[at], this.#ends[at]),
      atMs: this.#times[at] ?? 0,
      retained: this.#retained[at] === 1,
    }
  }

  /** Returns the message before this one on the same topic, or null when none is there any more. */
  before(seq: number, topic: string): Heard | null {
    for (let earlier = Math.min(seq, this.last + 1) - 1; earlier >= this.first; earlier--) {
      if (this.topic(earlier) === topic) return this.get(earlier)
    }
    return null
  }

  #at(seq: number): number {
    return (seq - 1) % this.size
  }
}
