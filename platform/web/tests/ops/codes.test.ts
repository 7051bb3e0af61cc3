import { expect, test } from 'vitest'
import { textWithoutCodes } from '../../src/ops/codes'
import { compared } from '../../src/ops/diff'

const shown = (after: unknown, before?: unknown) => JSON.stringify(compared(after, before))

test('a code that opens a cabinet or proves a hand-over is hidden, wherever it stands', () => {
  const message = {
    data: { code: '402913', orders: [{ order: 'ord-1', handover_code: '4821' }], handover_sha256: '9f86d0' },
  }
  for (const lines of [shown(message), shown({}, message), shown({ data: 1 }, message), shown(message, {})]) {
    expect(lines).not.toMatch(/402913|4821|9f86d0/)
    expect(lines).toContain('••••')
  }
})

test('a code that has changed is told to have changed', () => {
  const [, line] = compared({ code: '402913' }, { code: '771204' })
  expect(line).toMatchObject({ key: 'code', mark: 'changed', text: '"••••"', before: '"••••"' })
})

test('the code of a refusal is a word and is shown, and so is every other number', () => {
  expect(shown({ code: 'not_enough_banks', wrong_codes: 1234, seq: '4821' })).not.toContain('•')
})

test('in what is no JSON codes are hidden all the same', () => {
  expect(textWithoutCodes('{"job":"job-1", "code": "4821", "detail":"1234"')).toBe(
    '{"job":"job-1", "code": "••••", "detail":"1234"',
  )
  expect(textWithoutCodes('"handover_sha256":"9f86d0",')).toBe('"handover_sha256":"••••",')
})
