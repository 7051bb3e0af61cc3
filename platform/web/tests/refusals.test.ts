import { expect, test } from 'vitest'
import { refusedIn } from '../src/courier/refusals'
import type { Act } from '../src/courier/steps'
import type { Work, WorkJob } from '../src/protocol/generated'

const act: Act = {
  id: 'jnl-1.7',
  type: 'chargeloop.courier.collected.v1',
  job: 'job-1',
  banks: [],
  committed: false,
}
const refusals = [{ event: act.id, reason: 'wrong hand-over code' }]

function work(step: WorkJob['step'] | null): Work {
  return {
    version: 1,
    on_duty: true,
    refusals,
    jobs: step === null ? [] : [{ job: 'job-1', step } as WorkJob],
  }
}

test('what was refused concerns the courier until the job has gone on, and never again', () => {
  const refused = refusedIn(work('at_user'), [], [act])
  expect(refused).toMatchObject([{ event: act.id, past: false }])
  expect(refusedIn(work('at_user'), refused, [])).toMatchObject([{ past: false }])
  const later = refusedIn(work('to_cabinet'), refused, [])
  expect(later).toMatchObject([{ past: true }])
  expect(refusedIn(work('at_user'), later, [])).toMatchObject([{ past: true }])
  expect(refusedIn(work(null), refused, [])).toMatchObject([{ past: true }])
})

test('what is not known to be about a job stays until it is understood', () => {
  const refused = refusedIn(work('at_user'), [], [])
  expect(refusedIn(work('to_cabinet'), refused, [])).toMatchObject([{ past: false }])
  expect(refusedIn(work(null), [], [act])).toMatchObject([{ past: false }])
})

test('what the work lists no more is forgotten', () => {
  const refused = refusedIn(work('at_user'), [], [act])
  expect(refusedIn({ version: 2, on_duty: true }, refused, [])).toEqual([])
})
