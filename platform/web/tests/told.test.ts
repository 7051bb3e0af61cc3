import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { en } from '../src/i18n/en'
import { zh } from '../src/i18n/zh'
import { SCHEMAS } from '../src/protocol/generated'
import { Problem } from '../src/session/api'
import { likeABrowser } from './gateway'

beforeEach(() => {
  vi.resetModules()
  likeABrowser()
})
afterEach(() => vi.unstubAllGlobals())

async function spoken(language: 'en' | 'zh') {
  const { chooseLanguage } = await import('../src/i18n/language.svelte')
  chooseLanguage(language)
  const { toldProblem } = await import('../src/session/told')
  const { toldReason } = await import('../src/rent/reasons')
  return { toldProblem, toldReason }
}

test('every refusal of the platform has words', () => {
  const codes = (SCHEMAS.RefusalCode as { enum: string[] }).enum
  expect(codes.filter((code) => !(`problem.${code}` in en))).toEqual([])
})

test("a problem is told in the page's language, with its numbers", async () => {
  const few = new Problem(409, 'not_enough_banks', 'no cabinet near has 5 banks', null, 3)
  const wait = new Problem(429, 'too_many_tries', 'too many tries to log in', 7)
  const { toldProblem } = await spoken('zh')
  expect(toldProblem(few)).toBe('充电宝数量不足，目前可租 3 个。')
  expect(toldProblem(wait)).toContain('7')
  expect(toldProblem(new Problem(0, 'unreachable', 'Failed to fetch'))).toBe(zh['fault.unreachable'])
  expect((await spoken('en')).toldProblem(few)).toBe('Not so many banks are ready there: 3 can be had.')
})

test('a problem that is newer than the page is told as the gateway tells it', async () => {
  const { toldProblem } = await spoken('zh')
  expect(toldProblem(new Problem(409, 'moon_too_full', 'the moon is too full'))).toBe('the moon is too full')
})

test.each([
  [
    'no courier came in time; try later, or walk to a cabinet',
    '没有骑手及时前来，请稍后再申请，或自行归还。',
  ],
  ['no cabinet near could set 3 banks aside', '附近没有机柜能预留 3 个充电宝。'],
  ['the cabinet gave out no bank: it never answered', '机柜没有弹出充电宝。'],
  ['too many wrong hand-over codes', '交接码错误次数过多。'],
  ['opr-one: 电话约定', '运营人员已结束订单：电话约定'],
  ['the moon is too full', 'the moon is too full'],
])('the reason "%s" is told in the language of the page', async (reason, words) => {
  expect((await spoken('zh')).toldReason(reason)).toBe(words)
})
