/** The messages of a ring that fit a filter, the newest first; held still when somebody wants to read. */

import type { Heard, Ring } from './ring'
import { topicTest, type TopicTest } from './topic_filter'

const MOST = 5_000

export class Matches {
  #test: TopicTest = () => true
  #seqs: number[] = []
  #upTo = 0
  #held: Heard[] | null = null

  constructor(private readonly ring: Ring) {
    this.#rescan()
  }

  get count(): number {
    return this.#held?.length ?? this.#seqs.length
  }

  /** Takes another filter; false when it is malformed, and the one before stays. */
  filter(text: string): boolean {
    const test = topicTest(text)
    if (test === null) return false
    this.#test = test
    this.#rescan()
    if (this.#held !== null) this.hold()
    return true
  }

  /** Adds what has come since. */
  catchUp(): void {
    const { ring } = this
    for (let seq = Math.max(this.#upTo + 1, ring.first); seq <= ring.last; seq++)
      if (this.#test(ring.topic(seq))) this.#seqs.push(seq)
    this.#upTo = ring.last
    const gone = this.#seqs.findIndex((seq) => seq >= ring.first)
    const surplus = Math.max(this.#seqs.length - MOST, gone === -1 ? this.#seqs.length : gone)
    if (surplus > 0) this.#seqs.splice(0, surplus)
  }

  /** Returns the match at this place from the newest, or null. */
  newest(at: number): Heard | null {
    if (this.#held !== null) return this.#held[at] ?? null
    const seq = this.#seqs[this.#seqs.length - 1 - at]
    return seq === undefined ? null : this.ring.get(seq)
  }

  /** Keeps what matches now, whatever the ring forgets. */
  hold(): void {
    this.catchUp()
    this.#held = this.#seqs
      .map((seq) => this.ring.get(seq))
      .filter((heard) => heard !== null)
      .reverse()
  }

  release(): void {
    this.#held = null
    this.#rescan()
  }

  #rescan(): void {
    this.#seqs = []
    this.#upTo = 0
    this.catchUp()
  }
}
