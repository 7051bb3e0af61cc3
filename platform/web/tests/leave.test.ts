import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { Journal } from '../src/device/journal'
import { leaveNothing } from '../src/session/leave'
import { keep, kept, openDatabase } from '../src/storage/database'

test('who logs out leaves no codes and no places, and loses no act', async () => {
  const database = await openDatabase('test', new IDBFactory())
  const own = ['account:courier', 'orders:cou-1', 'phone:cou-1', 'place:cou-1']
  for (const name of [...own, 'orders:usr-2']) await keep(database, name, { code: '1234' })
  const journal = await Journal.open(database, 'cou-1', () => 'jnl-1')
  await journal.append([() => ({ type: 'delivered', payload: 'an act' })])

  await leaveNothing(database, 'courier', 'cou-1')

  for (const name of own) expect(await kept(database, name), name).toBeUndefined()
  expect(await kept(database, 'orders:usr-2')).toBeDefined()
  const back = await Journal.open(database, 'cou-1', () => 'jnl-2')
  expect(back.pending.map((entry) => entry.payload)).toEqual(['an act'])
})
