/** The last messages about each order and each cabinet, for as many of them as were last spoken of. */

export interface Trace {
  readonly seq: number
  readonly topic: string
  readonly atMs: number
  readonly id: string
  readonly type: string
  readonly time: string
  /** Until when it may be acted upon, if it says so. */
  readonly expires?: string | null
  readonly data: unknown
  readonly bytes: Uint8Array
}

export class Trails {
  readonly #trails = new Map<string, Trace[]>()

  constructor(
    private readonly subjects = 1_000,
    private readonly each = 80,
  ) {}

  /** Adds a message; a repeat, which has the same id on the same topic, is added once. */
  add(subject: string, trace: Trace): void {
    const trail = this.#trails.get(subject) ?? []
    if (trail.some((known) => known.id === trace.id && known.topic === trace.topic)) return
    trail.push(trace)
    if (trail.length > this.each) trail.shift()
    // Put last again: the first of the map is the one that has been silent for longest.
    this.#trails.delete(subject)
    this.#trails.set(subject, trail)
    if (this.#trails.size > this.subjects) {
      const [silent] = this.#trails.keys()
      if (silent !== undefined) this.#trails.delete(silent)
    }
  }

  /** Returns what was heard of a subject, the oldest first. */
  of(subject: string): readonly Trace[] {
    return this.#trails.get(subject) ?? []
  }

  /** Returns the number of the last message about a subject, 0 when there is none. */
  last(subject: string): number {
    return this.of(subject).at(-1)?.seq ?? 0
  }
}
