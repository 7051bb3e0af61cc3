/**
 * What a courier has to do next: the platform's work, with the courier's own acts that it has not answered yet.
 *
 * The platform's `Work` is the truth; acts that are on their way are laid over it, so that a courier without a
 * network goes on and sees what is still to be sent. An act is dropped from the overlay when its answer is in the
 * work, and then the work alone counts.
 */

import type { Location, MessageTypes, Work, WorkJob } from '../protocol/generated'

export type ActType = Extract<keyof MessageTypes, `chargeloop.courier.${string}`>

/** An act of the courier that the work may not show yet. */
export interface Act {
  readonly id: string
  readonly type: string
  readonly job: string | null
  readonly banks: readonly string[]
  /** Whether the platform has it: its answer comes with the next work. */
  readonly committed: boolean
}

/** What is to be done: go somewhere, do something there, or wait for the platform's word. */
export type Todo =
  'go-to-cabinet' | 'take-banks' | 'go-to-user' | 'hand-over' | 'collect' | 'put-back' | 'wait'

export interface Task {
  readonly job: WorkJob
  readonly todo: Todo
  /** The banks in the courier's hands. */
  readonly banks: readonly string[]
  /** The banks that the courier's own word, not answered yet, named at the steps it ended. */
  readonly named: ReadonlyMap<Todo, readonly string[]>
  /** Whether a part of what is shown is the courier's own word, not answered yet. */
  readonly unanswered: boolean
  /** Whether the platform does not have a problem yet that the courier has reported. */
  readonly untold: boolean
}

type Step = WorkJob['step'] | 'done'

const P = 'chargeloop.courier.'
const NAMING: ReadonlySet<string> = new Set([`${P}picked_up.v1`, `${P}delivered.v1`, `${P}collected.v1`])

/** Returns the jobs as the courier sees them, in the order of the work. */
export function tasks(work: Work | null, acts: readonly Act[]): Task[] {
  return (work?.jobs ?? []).map((job) =>
    taskOf(
      job,
      acts.filter((act) => act.job === job.job),
    ),
  )
}

function taskOf(job: WorkJob, acts: readonly Act[]): Task {
  let step: Step = job.step
  let banks = job.banks ?? []
  const named = new Map<Todo, readonly string[]>()
  for (const act of acts) {
    const [next, held] = after(job, step, banks, act)
    if (next !== step && NAMING.has(act.type)) named.set(todoOf(job, step), act.banks)
    step = next
    banks = held
  }
  const pending = acts.filter((act) => !act.committed)
  const untold = pending.some((act) => act.type === `${P}problem_reported.v1`)
  return { job, todo: todoOf(job, step), banks, named, unanswered: pending.length > 0, untold }
}

function after(job: WorkJob, step: Step, banks: readonly string[], act: Act): [Step, readonly string[]] {
  const outward = job.leg === 'outward' && step !== 'bring_back'
  const atCabinet = step === 'to_cabinet' || step === 'at_cabinet'
  const atUser = step === 'to_user' || step === 'at_user'
  switch (act.type) {
    case `${P}arrived_at_cabinet.v1`:
      return [step === 'to_cabinet' ? 'at_cabinet' : step, banks]
    case `${P}arrived_at_user.v1`:
      return [step === 'to_user' ? 'at_user' : step, banks]
    case `${P}picked_up.v1`:
      return outward && atCabinet ? ['to_user', act.banks] : [step, banks]
    case `${P}delivered.v1`:
      return outward && atUser ? ['done', []] : [step, banks]
    case `${P}collected.v1`:
      return !outward && atUser ? ['to_cabinet', act.banks] : [step, banks]
    case `${P}put_back.v1`: {
      const left = banks.filter((bank) => !act.banks.includes(bank))
      return [left.length === 0 && !atUser ? 'done' : step, left]
    }
    case `${P}gave_up.v1`:
      return ['done', banks]
    default:
      return [step, banks]
  }
}

function todoOf(job: WorkJob, step: Step): Todo {
  switch (step) {
    case 'to_cabinet':
      return 'go-to-cabinet'
    case 'at_cabinet':
      return job.leg === 'outward' ? 'take-banks' : 'put-back'
    case 'to_user':
      return 'go-to-user'
    case 'at_user':
      return job.leg === 'outward' ? 'hand-over' : 'collect'
    case 'bring_back':
      return 'put-back'
    case 'done':
      return 'wait'
  }
}

/** The stages of a job as a line of dots: where the courier stands, from 0, of how many. */
export function progress({ job, todo }: Task): { readonly stage: number; readonly stages: number } {
  const line: readonly Todo[] =
    job.step === 'bring_back'
      ? ['put-back', 'wait']
      : job.leg === 'outward'
        ? ['go-to-cabinet', 'take-banks', 'go-to-user', 'hand-over', 'wait']
        : ['go-to-user', 'collect', 'go-to-cabinet', 'put-back', 'wait']
  return { stage: Math.max(0, line.indexOf(todo)), stages: line.length - 1 }
}

/** Where the courier has to be for this. */
export function destination({ job, todo }: Task): Location {
  const atUser = todo === 'go-to-user' || todo === 'hand-over' || todo === 'collect'
  return atUser ? job.user_location : job.cabinet_location
}

/** Tells whether banks that were fetched are on their way to a cabinet, or are being put into it. */
export function isOnWayBack({ job, todo }: Task): boolean {
  return job.leg === 'back' && (todo === 'go-to-cabinet' || todo === 'put-back')
}
