import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Alarm } from '../../src/ops/alarms.svelte'
import { likeABrowser } from '../gateway'

beforeEach(() => {
  vi.resetModules()
  likeABrowser()
})
afterEach(() => vi.unstubAllGlobals())

const NAMES: Readonly<Record<string, string>> = { 'cab-1': 'Harbour' }

async function said(
  language: 'en' | 'zh',
  alarm: Pick<Alarm, 'kind' | 'text'> & { id: string; part?: string },
): Promise<string> {
  const { chooseLanguage } = await import('../../src/i18n/language.svelte')
  chooseLanguage(language)
  const { sentenceOf } = await import('../../src/ops/sentences')
  const { id, ...more } = alarm
  const whole = { ...more, subject: { kind: 'cabinet', id } } as Alarm
  return sentenceOf(whole, (cabinet) => NAMES[cabinet] ?? cabinet)
}

test.each([
  ['cabinet_offline', 'cab-1', '', 'whatever', 'Harbour 已有一段时间没有消息'],
  ['slot_jammed', 'cab-1', '3', 'slot 3 of Old is out of order', 'Harbour 的 3 号仓位发生故障'],
  [
    'slot_jammed',
    'cab-1',
    '3',
    'slot 3 of Old is out of order and holds bnk-7',
    'Harbour 的 3 号仓位发生故障，内有 bnk-7',
  ],
  ['low_stock', 'cab-2', '', 'cab-2 has 1 bank to give', 'cab-2 可借 1 个充电宝'],
  ['order_stuck', 'ord-1', 'in_use', 'ord-1 has been in use', 'ord-1 停留在“使用中”的时间过长'],
  [
    'bank_in_two_places',
    'bnk-7',
    '',
    'bnk-7 stands in cab-1 and in cab-2 at once',
    'bnk-7 同时出现在多处：Harbour, cab-2',
  ],
  [
    'bank_missing',
    'ord-1',
    'bnk-7',
    'bnk-7 of ord-1 is in no cabinet: a courier had it last',
    'ord-1 结束后，bnk-7 不在任何机柜中：最后由配送员持有',
  ],
  [
    'bank_missing',
    'ord-1',
    'bnk-7',
    'bnk-7 of ord-1 is in no cabinet: a courier says that it is back',
    'ord-1 结束后，bnk-7 不在任何机柜中，但配送员称已归还',
  ],
  [
    'quarantine',
    'rnt-main',
    'cl/v1/demo/a',
    '2 messages on cl/v1/demo/a could not be read: not_utf8',
    '主题 cl/v1/demo/a 上有 2 条消息无法读取：不是 UTF-8',
  ],
])('an alarm of %s is told in the language of the page', async (kind, id, part, text, sentence) => {
  expect(await said('zh', { kind, id, part, text })).toBe(sentence)
})

test('what is newer than the page, or of a gateway of before, is told as the gateway tells it', async () => {
  for (const alarm of [
    { kind: 'moon_too_full', id: 'cab-1', part: '', text: 'the moon is too full' },
    { kind: 'low_stock', id: 'cab-1', part: '', text: 'Harbour is rather empty' },
    { kind: 'slot_jammed', id: 'cab-1', text: 'slot 3 of Old is out of order' },
  ])
    expect(await said('zh', alarm)).toBe(alarm.text)
})
