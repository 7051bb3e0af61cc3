/**
 * The sending half of a journal: which numbers are on the wire, and when to send them again.
 *
 * Go-back-N, as `broker/window.py` does it for every other device: at most `limit` unacknowledged entries are on
 * the wire, in order. It goes back to the first unacknowledged one when the receiver reports a gap (once for
 * each number, or every loss would be answered by a storm), when a connection begins, and when no
 * acknowledgement has come within the patience, which doubles with every vain attempt.
 */

const MOST_DOUBLINGS = 4

export class SendWindow {
  acked: number
  last: number
  resendAt: number | null = null
  #sent: number
  #vain = 0
  #gapSeenAt: number | null = null
  #forgotten = false

  constructor(
    readonly limit: number,
    readonly resendMs: number,
    { acked, last }: { acked: number; last: number },
  ) {
    this.acked = acked
    this.last = last
    this.#sent = acked
  }

  /** A connection has begun: everything unacknowledged is to be sent again. */
  restart(): void {
    this.#vain = 0
    this.#gapSeenAt = null
    this.#goBack()
  }

  /** Returns the numbers to publish now, in order; they count as sent. Those after `until` are held back. */
  take(nowMs: number, until = Infinity): number[] {
    if (this.resendAt !== null && nowMs >= this.resendAt) {
      this.#vain = Math.min(this.#vain + 1, MOST_DOUBLINGS)
      this.#goBack()
    }
    const numbers: number[] = []
    while (this.#sent < Math.min(this.last, this.acked + this.limit, until)) numbers.push(++this.#sent)
    this.#arm(nowMs)
    return numbers
  }

  /** Takes the receiver's report. A number that was never recorded here is no news of ours. */
  acknowledge(seq: number, nowMs: number, gap: boolean): void {
    if (seq > this.last) return
    if (seq > this.acked) {
      this.acked = seq
      this.#sent = Math.max(this.#sent, seq)
      this.#vain = 0
      this.#forgotten = false
      this.resendAt = null
    }
    this.#forgotten ||= gap && seq < this.acked
    if (gap && this.#gapSeenAt !== this.acked) {
      this.#gapSeenAt = this.acked
      this.#goBack()
    }
    this.#arm(nowMs)
  }

  /** Tells whether the entry must say that it is the first one kept: the receiver has lost its memory. */
  isMarked(seq: number): boolean {
    return this.#forgotten && seq === this.acked + 1
  }

  #goBack(): void {
    this.#sent = this.acked
    this.resendAt = null
  }

  #arm(nowMs: number): void {
    if (this.#sent === this.acked) this.resendAt = null
    else this.resendAt ??= nowMs + this.resendMs * 2 ** this.#vain
  }
}
