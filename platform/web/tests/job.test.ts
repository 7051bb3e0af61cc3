import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Act } from '../src/courier/steps'
import type { Work } from '../src/protocol/generated'
import { likeABrowser } from './gateway'

beforeEach(() => {
  vi.resetModules()
  likeABrowser()
})
afterEach(() => vi.unstubAllGlobals())

const place = { lat_e7: 0, lon_e7: 0 }
const WORK: Work = {
  version: 1,
  on_duty: true,
  jobs: [
    {
      job: 'job-1',
      leg: 'outward',
      step: 'at_cabinet',
      quantity: 2,
      cabinet: 'cab-1',
      cabinet_location: place,
      user: 'usr-1',
      user_location: place,
      reservation: 'rsv-1',
      code: '1234',
      banks: [],
      deliver_by: '2026-11-23T12:45:00.000Z',
    },
  ],
}
const PROBLEM = { id: 'jnl-1.1', type: 'chargeloop.courier.problem_reported.v1', job: 'job-1', banks: [] }

/** Returns what a courier sees of a job, with acts of theirs that are not answered. */
async function seen(...acts: Act[]): Promise<string> {
  const { render } = await import('svelte/server')
  await import('../src/courier/words')
  const { tasks } = await import('../src/courier/steps')
  const { default: Job } = await import('../src/courier/Job.svelte')
  const [task] = tasks(WORK, acts)
  const props = { task, here: null, place: null, hands: null, act: vi.fn(), arrive: vi.fn() }
  return (await render(Job, { props: props as never })).body
}

test('a problem that is only on the phone is said to be kept, not told', async () => {
  const kept = 'Your report is kept on this phone'
  expect(await seen({ ...PROBLEM, committed: false })).toContain(kept)
  expect(await seen({ ...PROBLEM, committed: true })).not.toContain(kept)
  expect(await seen()).not.toContain('The platform is told')
})
