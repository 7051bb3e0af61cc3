import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Nearby } from '../src/rent/nearby.svelte'
import { away, Gateway, likeABrowser, told } from './gateway'

const HERE = { lat: 43.452, lon: 5.233 }
const LOOK = 'GET /v1/cabinets?lat=43.452&lon=5.233'

let gateway: Gateway
let nearby: Nearby

beforeEach(async () => {
  vi.resetModules()
  likeABrowser()
  gateway = new Gateway()
  const { session } = await import('../src/session/session.svelte')
  const { Nearby } = await import('../src/rent/nearby.svelte')
  await session.logIn('one', 'password')
  nearby = new Nearby()
})
afterEach(() => vi.unstubAllGlobals())

test('that there is no cabinet near is told from not knowing yet, and from a fault', async () => {
  gateway.on(LOOK, away)
  const looking = nearby.look(HERE)
  expect([nearby.cabinets, nearby.fault]).toEqual([null, null])
  await looking
  expect([nearby.cabinets, nearby.fault?.status]).toEqual([null, 0])
  gateway.on(LOOK, () => told(200, { cabinets: [] }))
  await nearby.look(HERE)
  expect([nearby.cabinets, nearby.fault]).toEqual([[], null])
})

test('who does not know where they are is shown a map, and who waits is told so', async () => {
  const { render } = await import('svelte/server')
  const { default: WalkUpDialog } = await import('../src/rent/WalkUpDialog.svelte')
  const shown = async (point: typeof HERE | null) => {
    const here = { point, centre: HERE, byHand: false, denied: false }
    return (await render(WalkUpDialog, { props: { here, push: null } as never })).body
  }
  expect(await shown(null)).toContain('Tap the map where you are.')
  expect(await shown(HERE)).toContain('Looking for cabinets near you')
  for (const point of [null, HERE]) expect(await shown(point)).not.toContain('No cabinet near you.')
})
