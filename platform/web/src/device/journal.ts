/**
 * A phone's journal: numbered entries that survive reloads and a dead battery, kept until the platform has them.
 *
 * Numbers run without gaps from 1 under one journal id for the life of the browser's store. An entry is on the
 * disk before `append` resolves, and nobody is told of it before.
 */

import { answered, written } from '../storage/database'

export interface Entry {
  readonly seq: number
  readonly id: string
  readonly type: string
  readonly payload: string
}

interface Head {
  readonly journal: string
  readonly last: number
  readonly acked: number
  readonly epoch: number
}

export type Draft = (journal: string, seq: number, id: string) => { type: string; payload: string }

export class Journal {
  private constructor(
    private readonly database: IDBDatabase,
    private readonly account: string,
    private head: Head,
    private readonly entries: Map<number, Entry>,
  ) {}

  /** Opens the journal of an account in this browser, and begins one where there is none. */
  static async open(database: IDBDatabase, account: string, newId: () => string): Promise<Journal> {
    return written(database, ['journals', 'entries'], async (transaction) => {
      const heads = transaction.objectStore('journals')
      const found = (await answered(heads.get(account) as IDBRequest<unknown>)) as Head | undefined
      const head = found ?? { journal: newId(), last: 0, acked: 0, epoch: 0 }
      if (found === undefined) await answered(heads.put(head, account))
      const kept = await keptAfter(transaction.objectStore('entries'), head.journal, 0)
      return new Journal(database, account, head, new Map(kept.map((row) => [row.seq, row])))
    })
  }

  get id(): string {
    return this.head.journal
  }

  get last(): number {
    return this.head.last
  }

  get acked(): number {
    return this.head.acked
  }

  /** The entries the platform has not acknowledged, in order. */
  get pending(): readonly Entry[] {
    return [...this.entries.values()].sort((one, other) => one.seq - other.seq)
  }

  entry(seq: number): Entry {
    const found = this.entries.get(seq)
    if (found === undefined) throw new Error(`entry ${seq} is not kept any more`)
    return found
  }

  /** Records entries together, in order. When it resolves they survive; otherwise none of them was recorded. */
  async append(drafts: readonly Draft[]): Promise<readonly Entry[]> {
    return this.#changed((head) => {
      const rows = drafts.map((draft, index) => {
        const seq = head.last + 1 + index
        const id = `${head.journal}.${seq}`
        return { seq, id, ...draft(head.journal, seq, id) }
      })
      return {
        head: { ...head, last: head.last + rows.length },
        put: rows,
        result: rows,
      }
    })
  }

  /** Lets go of the entries up to `seq`; another journal or a number to come changes nothing. */
  async acknowledge(journal: string, seq: number): Promise<void> {
    if (journal !== this.head.journal || seq <= this.head.acked || seq > this.head.last) return
    await this.#changed((head) => ({
      head: { ...head, acked: Math.max(head.acked, seq) },
      put: [],
      result: null,
    }))
  }

  /**
   * Returns a number of a new connection, higher than any before.
   *
   * Someone with two phones has two journals and one name: the wall clock keeps the newer connection ahead.
   */
  async nextEpoch(nowMs: number): Promise<number> {
    return this.#changed((head) => {
      const epoch = Math.max(head.epoch + 1, Math.round(nowMs))
      return { head: { ...head, epoch }, put: [], result: epoch }
    })
  }

  async #changed<T>(change: (head: Head) => { head: Head; put: readonly Entry[]; result: T }): Promise<T> {
    const { head, put, result, missing } = await written(
      this.database,
      ['journals', 'entries'],
      async (transaction) => {
        const heads = transaction.objectStore('journals')
        const entries = transaction.objectStore('entries')
        // The store and not the memory says what the next number is: another tab may have written.
        const before = (await answered(heads.get(this.account) as IDBRequest<unknown>)) as Head
        const missing =
          before.last > this.head.last ? await keptAfter(entries, before.journal, this.head.last) : []
        const changed = change(before)
        await answered(heads.put(changed.head, this.account))
        for (const row of changed.put) await answered(entries.put(row, [before.journal, row.seq]))
        if (changed.head.acked > before.acked) {
          const gone = IDBKeyRange.bound([before.journal, 0], [before.journal, changed.head.acked])
          await answered(entries.delete(gone))
        }
        return { ...changed, missing }
      },
    )
    this.head = head
    for (const row of [...missing, ...put]) this.entries.set(row.seq, row)
    for (const seq of [...this.entries.keys()]) if (seq <= head.acked) this.entries.delete(seq)
    return result
  }
}

/** Returns the entries of a journal after `seq` that are kept. */
async function keptAfter(entries: IDBObjectStore, journal: string, seq: number): Promise<Entry[]> {
  const range = IDBKeyRange.bound([journal, seq], [journal, Infinity], true)
  return (await answered(entries.getAll(range) as IDBRequest<unknown>)) as Entry[]
}
