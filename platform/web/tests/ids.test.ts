import { expect, test } from 'vitest'
import { messageId } from '../src/protocol/ids'

const long = (prefix: string, length: number) => prefix + 'x'.repeat(length - prefix.length)

test('a message is named after what it is about', () => {
  expect(messageId('cou-one', 'job-1', 'type', 2)).toBe('cou-one.job-1.type.2')
})

test('the id of a message is never too long, and tells its parts apart', () => {
  const named = (number: number) =>
    messageId(long('cou-', 48), long('job-', 48), 'insert', long('bnk-', 40), number)
  expect(named(1)).toMatch(/^[A-Za-z0-9._:-]{1,128}$/)
  expect(new Set(Array.from({ length: 1000 }, (_, number) => named(number))).size).toBe(1000)
  expect(named(7)).toBe(named(7))
})
