import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { en } from '../../src/ops/words_en'
import { reasonIn } from '../../src/protocol/reason'
import { likeABrowser } from '../gateway'

beforeEach(() => {
  vi.resetModules()
  likeABrowser()
})
afterEach(() => vi.unstubAllGlobals())

async function spoken(language: 'en' | 'zh') {
  const { chooseLanguage } = await import('../../src/i18n/language.svelte')
  chooseLanguage(language)
  return await import('../../src/ops/reasons')
}

test.each([
  ['no courier was free', 'no_courier_was_free', 0, null, null],
  ['2 still with you', 'still_with_you', 2, null, null],
  ['the cabinet gave out no bank: jam', 'the_cabinet_gave_out_no_bank', 0, null, 'jam'],
  ['too many wrong hand-over codes', 'too_many_wrong_hand-over_codes', 0, null, null],
  ['opr-anna: the user: asleep', 'operator', 0, 'opr-anna', 'the user: asleep'],
])('the reason "%s" is taken apart', (text, key, n, by, why) => {
  expect(reasonIn(text)).toEqual({ key, n, by, why })
})

test.each([
  ['no courier was free', 'No courier was free.', '没有空闲的骑手。'],
  ['2 still with you', '2 banks are still with the user.', '2 个充电宝仍在用户处。'],
  ['the cabinet gave out no bank: jam', 'The cabinet gave out no bank: jam', '机柜没有弹出充电宝：卡住'],
  [
    'the cabinet gave out no bank: it never answered',
    'The cabinet gave out no bank: it never answered',
    '机柜没有弹出充电宝：一直没有应答',
  ],
  [
    'the cabinet gave out no bank: opr-anna: the flap sticks',
    'The cabinet gave out no bank: Operator opr-anna: the flap sticks',
    '机柜没有弹出充电宝：运营人员 opr-anna：the flap sticks',
  ],
  ['opr-anna: 电话约定', 'Operator opr-anna: 电话约定', '运营人员 opr-anna：电话约定'],
  ['the moon is too full', 'the moon is too full', 'the moon is too full'],
])('the reason "%s" is told to operators in their language', async (reason, english, chinese) => {
  expect((await spoken('en')).toldReason(reason)).toBe(english)
  expect((await spoken('zh')).toldReason(reason)).toBe(chinese)
})

test("a fact of the journal is told as it stands, and a cabinet's reason in words", async () => {
  const { toldFact } = await spoken('en')
  expect(toldFact('reason', 'slot_held')).toBe(en['because.slot_held'])
  expect(toldFact('bank', 'jam')).toBe('jam')
})

test('a fact that is one of a few is told in words', async () => {
  const { toldFact } = await spoken('en')
  expect(toldFact('milestone', 'arrived_at_user')).toBe('at the user')
  expect(toldFact('hand_over', 'walk_up')).toBe('At the cabinet')
  expect(toldFact('why', 'gave_up_with_banks')).toBe('the courier gave up with the banks')
  expect(toldFact('why', 'a_newer_reason')).toBe('a newer reason')
})
