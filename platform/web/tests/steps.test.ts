import { expect, test } from 'vitest'
import { currencyOf, earnedMinor, stateOf, withBooked, type Trip } from '../src/courier/pay'
import { meant, Ticks } from '../src/courier/chosen'
import { Overlay } from '../src/courier/overlay'
import { bankId } from '../src/courier/bank_id'
import { progress, tasks, type Act } from '../src/courier/steps'
import type { Work, WorkJob } from '../src/protocol/generated'

const place = { lat_e7: 0, lon_e7: 0 }
const job = (leg: WorkJob['leg'], step: WorkJob['step'], banks: string[] = []): WorkJob => ({
  job: 'job-1',
  leg,
  step,
  quantity: 2,
  cabinet: 'cab-1',
  cabinet_location: place,
  user: 'usr-1',
  user_location: place,
  reservation: 'rsv-1',
  code: '1234',
  banks,
  deliver_by: '2026-11-23T12:45:00.000Z',
})
const work = (...jobs: WorkJob[]): Work => ({ version: 1, on_duty: true, jobs })
const act = (type: string, banks: string[] = [], name = 'job-1'): Act => ({
  id: `jnl-1.${type}`,
  type: `chargeloop.courier.${type}.v1`,
  job: name,
  banks,
  committed: false,
})
const todo = (given: WorkJob, ...acts: Act[]) => tasks(work(given), acts)[0]

test('without a network a trip out goes on step by step by the courier’s own word', () => {
  const start = job('outward', 'to_cabinet')
  const acts = [
    act('arrived_at_cabinet'),
    act('picked_up', ['bnk-1', 'bnk-2']),
    act('arrived_at_user'),
    act('delivered', ['bnk-1', 'bnk-2']),
  ]
  const seen = [0, 1, 2, 3, 4].map((count) => todo(start, ...acts.slice(0, count))?.todo)
  expect(seen).toEqual(['go-to-cabinet', 'take-banks', 'go-to-user', 'hand-over', 'wait'])
})

test('without a network a trip back goes on too, a part at a time', () => {
  const start = job('back', 'at_user')
  const collected = act('collected', ['bnk-1', 'bnk-2'])
  expect(todo(start, collected)).toMatchObject({ todo: 'go-to-cabinet', banks: ['bnk-1', 'bnk-2'] })
  const there = [collected, act('arrived_at_cabinet')]
  expect(todo(start, ...there, act('put_back', ['bnk-1']))).toMatchObject({
    todo: 'put-back',
    banks: ['bnk-2'],
  })
  expect(todo(start, ...there, act('put_back', ['bnk-1', 'bnk-2']))?.todo).toBe('wait')
})

test('a problem is not told as long as it is on the phone alone', () => {
  const start = job('outward', 'at_user', ['bnk-1'])
  const problem = act('problem_reported')
  expect(todo(start, problem)?.untold).toBe(true)
  expect(todo(start, { ...problem, committed: true })?.untold).toBe(false)
  expect(todo(start, act('arrived_at_user'))?.untold).toBe(false)
})

test('an act that the work shows already changes nothing more', () => {
  expect(todo(job('outward', 'to_user', ['bnk-1']), act('picked_up', ['bnk-1']))).toMatchObject({
    todo: 'go-to-user',
    banks: ['bnk-1'],
  })
})

test('a committed act is laid over the work until there is newer work, or none came for a while on line', () => {
  const overlay = new Overlay()
  const shown = (...pending: Act[]) => todo(job('outward', 'to_cabinet'), ...overlay.over(pending))?.todo
  overlay.commit([act('arrived_at_cabinet')])
  expect(shown()).toBe('take-banks')
  expect(shown(act('picked_up', ['bnk-1']))).toBe('go-to-user')
  expect(overlay.wait(0, true)).toBe(false)
  expect(overlay.wait(9_000, false)).toBe(false)
  expect(overlay.wait(9_000, true)).toBe(false)
  expect(overlay.wait(11_999, true)).toBe(false)
  expect(shown()).toBe('take-banks')
  expect(overlay.wait(12_000, true)).toBe(true)
  expect(shown()).toBe('go-to-cabinet')
  overlay.commit([act('arrived_at_cabinet')])
  overlay.answered()
  expect(shown()).toBe('go-to-cabinet')
})

test('an act for another job leaves this one alone', () => {
  expect(todo(job('outward', 'to_cabinet'), act('arrived_at_cabinet', [], 'job-2'))).toMatchObject({
    todo: 'go-to-cabinet',
    unanswered: false,
  })
})

test('banks of a job that was called off go back to a cabinet', () => {
  expect(todo(job('outward', 'bring_back', ['bnk-1']))?.todo).toBe('put-back')
})

test('every step of the platform has its place on the line', () => {
  for (const leg of ['outward', 'back'] as const) {
    for (const step of ['to_cabinet', 'at_cabinet', 'to_user', 'at_user', 'bring_back'] as const) {
      const [task] = tasks(work(job(leg, step)), [])
      if (task === undefined) throw new Error('no task')
      const { stage, stages } = progress(task)
      expect(stage).toBeLessThan(stages)
    }
  }
})

test('banks that come to light are meant, and once a part is put back the rest is', () => {
  expect(meant(['bnk-9'], [], ['bnk-1', 'bnk-2'])).toEqual(['bnk-9', 'bnk-1', 'bnk-2'])
  expect(meant(['bnk-1'], ['bnk-1', 'bnk-2'], ['bnk-1', 'bnk-2'])).toEqual(['bnk-1'])
  expect(meant(['bnk-1'], ['bnk-1', 'bnk-2'], ['bnk-2'])).toEqual(['bnk-2'])
  expect(meant(['bnk-1', 'bnk-2'], ['bnk-1', 'bnk-2'], [])).toEqual([])
})

/** Returns what is ticked before, during and after a word that the platform does not take. */
function ticked(given: WorkJob, chosen: string[], said: Act): (readonly string[])[] {
  const ticks = new Ticks()
  const [before, during] = [tasks(work(given), [])[0], tasks(work(given), [said])[0]]
  if (before === undefined || during === undefined) throw new Error('no task')
  ticks.now([], before, before.banks)
  const shown = [ticks.now(chosen, before, before.banks)]
  for (const task of [during, before]) shown.push(ticks.now([...(shown.at(-1) ?? [])], task, task.banks))
  return shown
}

test('a hand-over that is refused ticks the banks it named, and none that was unticked', () => {
  const given = job('outward', 'at_user', ['bnk-1', 'bnk-2'])
  expect(ticked(given, ['bnk-1'], act('delivered', ['bnk-1']))).toEqual([['bnk-1'], [], ['bnk-1']])
})

test('banks collected or taken by their numbers are ticked again when that is refused', () => {
  const typed = ['bnk-1', 'bnk-2']
  expect(ticked(job('back', 'at_user'), typed, act('collected', typed)).at(-1)).toEqual(typed)
  expect(ticked(job('outward', 'at_cabinet'), typed, act('picked_up', typed)).at(-1)).toEqual(typed)
})

test('a rest that comes to light after a hand-over in part is ticked, not what was handed over', () => {
  const ticks = new Ticks()
  const see = (task: ReturnType<typeof todo>, chosen: string[]) =>
    task === undefined ? [] : ticks.now(chosen, task, task.banks)
  const there = job('outward', 'at_user', ['bnk-1', 'bnk-2'])
  see(todo(there), [])
  expect(see(todo(there, act('delivered', ['bnk-1'])), ['bnk-1'])).toEqual([])
  expect(see(todo(job('outward', 'bring_back', ['bnk-2'])), [])).toEqual(['bnk-2'])
})

const trip: Trip = {
  offer: 'off-1',
  job: 'job-1',
  leg: 'outward',
  quantity: 2,
  payMinor: 200,
  payMaxMinor: 650,
  currency: 'EUR',
  from: 0,
  to: null,
  given: true,
  reached: true,
}

test('a trip is paid by minutes begun, and never beyond its maximum', () => {
  expect(earnedMinor(trip, 60_000, 10)).toBe(210)
  expect(earnedMinor(trip, 60_001, 10)).toBe(220)
  expect(earnedMinor(trip, 90 * 60_000, 10)).toBe(650)
  expect(earnedMinor({ ...trip, to: 120_000, reached: false }, 500_000, 10)).toBe(0)
})

test('a bank’s number is known by its label, its address and its digits', () => {
  expect(bankId(' BNK-010001 ')).toBe('bnk-010001')
  expect(bankId('010001')).toBe('bnk-010001')
  expect(bankId('https://example.test/b/bnk-010001')).toBe('bnk-010001')
  expect(bankId('two words')).toBeNull()
  expect(bankId('')).toBeNull()
})

test('what the platform has booked goes before the phone’s own count, and trips of another phone are listed', () => {
  const body = {
    job: 'job-1',
    kind: 'outward',
    quantity: 2,
    taken: '2026-11-23T12:00:00.000Z',
    done: '2026-11-23T12:05:00.000Z',
    amount: { amount_minor: 250, currency: 'EUR' },
  } as const
  const [mine, theirs] = withBooked(
    [trip],
    [body, { ...body, job: 'job-2', taken: '2026-11-23T13:00:00.000Z' }],
    'EUR',
    [],
  )
  expect(mine?.job).toBe('job-1')
  expect(earnedMinor(mine ?? trip, 0, 10)).toBe(250)
  expect(theirs).toMatchObject({ job: 'job-2', given: true, bookedMinor: 250 })
  expect(withBooked([trip], [], 'EUR', [])).toEqual([trip])
})

test('a trip that runs on another phone is in the currency of what is known, and so is the sum', () => {
  const running = { job: 'job-2', kind: 'outward', quantity: 1, done: null, amount: null } as const
  const body = { ...running, taken: '2026-11-23T12:00:00.000Z' }
  const booked = { ...body, job: 'job-3', amount: { amount_minor: 1_250, currency: 'CNY' } }
  const mine = { ...trip, currency: 'CNY' }
  expect(currencyOf(null, [], [body, booked])).toBe('CNY')
  expect(currencyOf(null, [mine], [body])).toBe('CNY')
  expect(withBooked([mine], [body], 'CNY', ['job-2']).map((one) => one.currency)).toEqual(['CNY', 'CNY'])
})

test('a trip taken elsewhere that is not done runs as long as it is in the work, and no longer', () => {
  const taken = '2026-11-23T12:00:00.000Z'
  const body = { job: 'job-2', kind: 'outward', quantity: 1, taken, done: null, amount: null } as const
  const listed = (...jobs: string[]) => withBooked([], [body], 'EUR', jobs).map(({ job }) => job)
  expect(listed('job-2')).toEqual(['job-2'])
  expect(listed()).toEqual([])
})

test('a return that nobody had to report is counted until it is booked, and for a day at most', () => {
  const back = { ...trip, leg: 'back', to: 120_000, reached: false, brought: true } as const
  expect([stateOf(back, 200_000), earnedMinor(back, 200_000, 10)]).toEqual(['unbooked', 220])
  const later = 2 * 24 * 60 * 60_000
  expect([stateOf(back, later), earnedMinor(back, later, 10)]).toEqual(['ended', 0])
  expect(stateOf({ ...back, bookedMinor: 230 }, later)).toBe('booked')
  expect(stateOf({ ...back, brought: false }, 200_000)).toBe('ended')
  expect(stateOf({ ...back, reached: true }, later)).toBe('counted')
})
