/** The page's durable place: one IndexedDB database of the origin. */

export const STORES = ['journals', 'entries', 'requests', 'kept'] as const
export type StoreName = (typeof STORES)[number]

const VERSION = 1

/** Opens the database. Rejects when the browser keeps nothing for this page (private windows of some browsers). */
export function openDatabase(name = 'chargeloop', factory: IDBFactory = indexedDB): Promise<IDBDatabase> {
  const opening = factory.open(name, VERSION)
  opening.onupgradeneeded = () => {
    for (const store of STORES) opening.result.createObjectStore(store)
  }
  return answered(opening)
}

/** Returns the result of one request. */
export function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('the browser could not read its store'))
  })
}

/**
 * Runs `work` in one transaction and resolves with what it returned once everything is on the disk.
 *
 * All or nothing of it is kept. `work` may wait for requests of the transaction only.
 */
export async function written<T>(
  database: IDBDatabase,
  stores: readonly StoreName[],
  work: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  const transaction = database.transaction(stores, 'readwrite', { durability: 'strict' })
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('the browser could not keep this'))
  })
  try {
    const result = await work(transaction)
    await done
    return result
  } catch (error) {
    done.catch(() => undefined)
    if (transaction.error === null) abort(transaction)
    throw error
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch (error) {
    // It has ended by itself, which is what was wanted.
    if (!(error instanceof DOMException && error.name === 'InvalidStateError')) throw error
  }
}

/** Returns a value that was kept under a name, or undefined. */
export function kept(database: IDBDatabase, name: string): Promise<unknown> {
  return answered(database.transaction('kept').objectStore('kept').get(name) as IDBRequest<unknown>)
}

/** Keeps a value under a name. */
export async function keep(database: IDBDatabase, name: string, value: unknown): Promise<void> {
  await written(database, ['kept'], async (transaction) => {
    await answered(transaction.objectStore('kept').put(value, name))
  })
}

/** Lets go of what was kept under these names. */
export async function forget(database: IDBDatabase, names: readonly string[]): Promise<void> {
  await written(database, ['kept'], async (transaction) => {
    for (const name of names) await answered(transaction.objectStore('kept').delete(name))
  })
}
