import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { beforeEach, expect, test, vi } from 'vitest'
import type { Point } from '../src/map/geo'
import { Here } from '../src/map/here.svelte'
import { openDatabase } from '../src/storage/database'

const PERMISSION_DENIED = 1
const TIMEOUT = 3
const [home, work] = [
  { lat: 31.23, lon: 121.47 },
  { lat: 31.24, lon: 121.48 },
]

let measured: (point: Point) => void
let failed: (code: number) => void
let database: IDBDatabase

beforeEach(async () => {
  vi.stubGlobal('navigator', {
    geolocation: {
      watchPosition: (found: (position: unknown) => void, fail: (error: unknown) => void) => {
        measured = ({ lat, lon }) => found({ coords: { latitude: lat, longitude: lon } })
        failed = (code) => fail({ code, PERMISSION_DENIED })
        return 1
      },
      clearWatch: () => undefined,
    },
  })
  database = await openDatabase('test', new IDBFactory())
})

test('what was measured before the page was loaded is the middle of a map, and not where somebody is', async () => {
  const before = await Here.open(database, 'cou-1')
  expect(before.point).toBeNull()
  measured(home)
  expect(before.point).toEqual(home)
  const here = await Here.open(database, 'cou-1')
  expect([here.point, here.centre]).toEqual([null, home])
  failed(TIMEOUT)
  expect([here.point, here.denied]).toEqual([null, false])
  measured(work)
  expect([here.point, here.centre]).toEqual([work, work])
})

test('who does not let the page measure is nowhere until they have put themselves on the map', async () => {
  const here = await Here.open(database, 'cou-1')
  measured(home)
  failed(PERMISSION_DENIED)
  expect([here.point, here.denied]).toEqual([null, true])
  here.put(work)
  expect([here.point, here.byHand]).toEqual([work, true])
  const after = await Here.open(database, 'cou-1')
  expect([after.point, after.byHand]).toEqual([work, true])
  after.measure()
  expect([after.point, after.byHand]).toEqual([null, false])
})
