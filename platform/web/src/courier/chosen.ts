/** Which banks are ticked while the step of a job and what is in the courier's hands change. */

import type { Task } from './steps'

/** The ticks of one job, asked whenever something has changed. */
export class Ticks {
  #inHands: readonly string[] = []
  #named: Task['named'] = new Map()

  /** Returns what is ticked now; `chosen` is what was, as the courier has left it. */
  now(chosen: string[], { todo, named }: Pick<Task, 'todo' | 'named'>, inHands: readonly string[]): string[] {
    // A step comes back when the word that ended it was refused or is lost: it is about the same banks.
    const said = this.#named.get(todo)
    const before = this.#inHands
    this.#named = named
    this.#inHands = inHands
    return said === undefined ? meant(chosen, before, inHands) : [...said]
  }
}

/**
 * Returns the banks that are meant after those in hand have changed.
 *
 * Banks that come to light are meant, until the courier says otherwise; once a part is put back, the rest is.
 */
export function meant(chosen: string[], before: readonly string[], inHands: readonly string[]): string[] {
  const gone = before.filter((bank) => !inHands.includes(bank))
  const fresh = inHands.filter((bank) => !before.includes(bank))
  if (gone.length === 0 && fresh.length === 0) return chosen
  const kept = chosen.filter((bank) => !gone.includes(bank))
  return [...new Set([...kept, ...(gone.length > 0 ? inHands : fresh)])]
}
