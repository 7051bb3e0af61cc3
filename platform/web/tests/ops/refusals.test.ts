import { expect, test } from 'vitest'
import './browser'
import { toldRefusal } from '../../src/ops/refusals'
import { en } from '../../src/ops/words_en'
import { en as shared } from '../../src/i18n/en'
import { Problem } from '../../src/session/api'

test('an act is not offered where its road is unknown, and nowhere else', () => {
  expect(toldRefusal(new Problem(404, 'not_found', 'Not Found'))).toBe(en['absent.act'])
})

test('an order or an alarm that is not there is told as such', () => {
  for (const code of ['unknown_order', 'unknown_alarm', 'unknown_cabinet'] as const)
    expect(toldRefusal(new Problem(404, code, 'no such thing'))).toBe(shared[`problem.${code}`])
})
