import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { Journal, type Draft } from '../src/device/journal'
import { openDatabase } from '../src/storage/database'

const draft =
  (what: string): Draft =>
  (journal, seq, id) => ({ type: what, payload: JSON.stringify({ journal, seq, id, what }) })

let made = 0
const open = (database: IDBDatabase, account = 'cou-one') =>
  Journal.open(database, account, () => `jnl-${String(++made)}`)
const fresh = () => openDatabase('test', new IDBFactory())

test('numbers run from 1 without gaps, and go on after a reload', async () => {
  const database = await fresh()
  const first = await open(database)
  expect((await first.append([draft('a'), draft('b')])).map((entry) => entry.seq)).toEqual([1, 2])
  const again = await open(database)
  expect(again.id).toBe(first.id)
  expect(again.pending.map((entry) => entry.type)).toEqual(['a', 'b'])
  expect((await again.append([draft('c')]))[0]?.id).toBe(`${first.id}.3`)
})

test('what is acknowledged is let go of, and its numbers are not used again', async () => {
  const database = await fresh()
  const journal = await open(database)
  await journal.append([draft('a'), draft('b'), draft('c')])
  await journal.acknowledge(journal.id, 2)
  expect(journal.pending.map((entry) => entry.seq)).toEqual([3])
  const again = await open(database)
  expect([again.acked, again.last, again.pending.length]).toEqual([2, 3, 1])
})

test('another journal, an old number and a number to come acknowledge nothing', async () => {
  const journal = await open(await fresh())
  await journal.append([draft('a')])
  await journal.acknowledge('jnl-other', 1)
  await journal.acknowledge(journal.id, 9)
  expect(journal.pending).toHaveLength(1)
})

test('two pages of one account never give a number twice', async () => {
  const database = await fresh()
  const [one, other] = [await open(database), await open(database)]
  const rows = await Promise.all([
    one.append([draft('a')]),
    other.append([draft('b')]),
    one.append([draft('c')]),
  ])
  expect(
    rows
      .flat()
      .map((entry) => entry.seq)
      .sort(),
  ).toEqual([1, 2, 3])
})

test('a page that writes has what another page has written before it, and not what is acknowledged', async () => {
  const database = await fresh()
  const [one, other] = [await open(database), await open(database)]
  await one.append([draft('a'), draft('b')])
  await one.acknowledge(one.id, 1)
  await other.append([draft('c')])
  expect(other.pending.map((entry) => entry.type)).toEqual(['b', 'c'])
  expect([other.acked, other.last, other.entry(2).type]).toEqual([1, 3, 'b'])
})

test('a draft that cannot be made leaves nothing behind', async () => {
  const journal = await open(await fresh())
  const broken: Draft = () => {
    throw new Error('refused')
  }
  await expect(journal.append([draft('a'), broken])).rejects.toThrow('refused')
  expect((await journal.append([draft('b')]))[0]?.seq).toBe(1)
})

test('each connection has a higher number, on another phone too', async () => {
  const journal = await open(await fresh())
  const first = await journal.nextEpoch(1_000)
  expect(await journal.nextEpoch(1_000)).toBe(first + 1)
  const other = await open(await fresh())
  expect(await other.nextEpoch(5_000)).toBeGreaterThan(first + 1)
})

test('accounts have journals of their own', async () => {
  const database = await fresh()
  const [one, other] = [await open(database, 'cou-one'), await open(database, 'cou-two')]
  await one.append([draft('a')])
  expect(other.id).not.toBe(one.id)
  expect((await open(database, 'cou-two')).pending).toHaveLength(0)
})
