/**
 * What the platform has refused, and about which step: it concerns the courier until their job has gone past it.
 *
 * The work lists a refusal by its act alone, and goes on listing it; the act is known while its answer is waited for.
 */

import type { Refusal, Work, WorkJob } from '../protocol/generated'
import type { Act } from './steps'

export interface Refused extends Refusal {
  /** Where the job stood when its act was refused; null: not known, and it stays until it is understood. */
  readonly at: { readonly job: string; readonly step: WorkJob['step'] } | null
  /** Whether the job has gone on since. */
  readonly past: boolean
}

/** Returns the refusals of newer work; `acts` are those that were not answered before it. */
export function refusedIn(work: Work, before: readonly Refused[], acts: readonly Act[]): readonly Refused[] {
  return (work.refusals ?? []).map((refusal) => {
    const known = before.find((one) => one.event === refusal.event)
    if (known !== undefined) return { ...known, past: known.past || isPast(known, work) }
    const name = acts.find((act) => act.id === refusal.event)?.job
    const job = work.jobs?.find((one) => one.job === name)
    return { ...refusal, at: job === undefined ? null : { job: job.job, step: job.step }, past: false }
  })
}

function isPast({ at }: Refused, { jobs }: Work): boolean {
  return at !== null && !jobs?.some(({ job, step }) => job === at.job && step === at.step)
}
