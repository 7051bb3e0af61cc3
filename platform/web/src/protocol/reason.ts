/** What the platform says of an order's end, which is English for people, taken apart so that it can be said anew. */

export interface Reason {
  /** What it is known by: the words before a colon, without the numbers; `operator` for what one has written. */
  readonly key: string
  /** The number in it; 0: there is none. */
  readonly n: number
  /** Which operator gave it. */
  readonly by: string | null
  /** What stands behind the colon. */
  readonly why: string | null
}

/** Returns the parts of a reason. */
export function reasonIn(text: string): Reason {
  const [, by, written] = /^(opr-[^:]*): (.*)$/s.exec(text) ?? []
  if (by !== undefined) return { key: 'operator', n: 0, by, why: written ?? '' }
  const [, said = '', why] = /^([^:]*)(?:: (.*))?$/s.exec(text) ?? []
  return {
    key: (said.match(/[a-z-]+/g) ?? []).join('_'),
    n: Number(/\d+/.exec(said)?.[0] ?? 0),
    by: null,
    why: why ?? null,
  }
}
