/**
 * The courier's own acts that the work may not show yet: those on their way, and those committed and not answered.
 *
 * The work that answers an act comes a moment before or after its acknowledgement, unless the connection is lost
 * between the two. So a committed act is kept until there is newer work, or until one would have come.
 */

import type { Act } from './steps'

const ANSWER_MS = 3_000

export class Overlay {
  committed: readonly Act[]
  #overAt: number | null = null

  constructor(committed: readonly Act[] = []) {
    this.committed = committed
  }

  /** Returns what is to be laid over the work, oldest first. */
  over(pending: readonly Act[]): readonly Act[] {
    return [...this.committed, ...pending]
  }

  /** The platform has these. */
  commit(acts: readonly Act[]): void {
    this.committed = [...this.committed, ...acts.map((act) => ({ ...act, committed: true }))]
    this.#overAt = null
  }

  /** Newer work has come: it alone counts. */
  answered(): void {
    this.committed = []
  }

  /** Tells whether the answer has been waited for long enough on line: the work had it before. */
  wait(nowMs: number, online: boolean): boolean {
    if (!online) this.#overAt = null
    if (!online || this.committed.length === 0) return false
    this.#overAt ??= nowMs + ANSWER_MS
    if (nowMs < this.#overAt) return false
    this.committed = []
    return true
  }
}
