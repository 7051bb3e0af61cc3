/** Why an act of an operator was not carried out. */

import type { Problem } from '../session/api'
import { toldProblem } from '../session/told'
import { o } from './words'

/** Returns what an operator is told. Only a road that the gateway does not have is an act that it does not offer. */
export function toldRefusal(problem: Problem): string {
  return problem.code === 'not_found' ? o('absent.act') : toldProblem(problem)
}
