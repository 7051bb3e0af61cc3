import { expect, test } from 'vitest'
import { SendWindow } from '../src/device/window'

const window = (acked = 0, last = 0) => new SendWindow(3, 1_000, { acked, last })

test('at most the limit is on the wire, in order', () => {
  const sending = window(0, 5)
  expect(sending.take(0)).toEqual([1, 2, 3])
  expect(sending.take(0)).toEqual([])
  sending.acknowledge(2, 10, false)
  expect(sending.take(10)).toEqual([4, 5])
})

test('a new connection sends everything unacknowledged again', () => {
  const sending = window(0, 2)
  sending.take(0)
  sending.restart()
  expect(sending.take(1)).toEqual([1, 2])
})

test('silence sends again, ever more rarely', () => {
  const sending = window(0, 1)
  sending.take(0)
  expect(sending.take(999)).toEqual([])
  expect(sending.take(1_000)).toEqual([1])
  expect(sending.take(2_999)).toEqual([])
  expect(sending.take(3_000)).toEqual([1])
})

test('only the first report of a gap sends the window again', () => {
  const sending = window(0, 3)
  sending.take(0)
  sending.acknowledge(0, 1, true)
  expect(sending.take(1)).toEqual([1, 2, 3])
  sending.acknowledge(0, 2, true)
  expect(sending.take(2)).toEqual([])
})

test('a receiver without memory is told which entry is the first one kept', () => {
  const sending = window(4, 5)
  sending.take(0)
  expect(sending.isMarked(5)).toBe(false)
  sending.acknowledge(0, 1, true)
  expect(sending.isMarked(5)).toBe(true)
  sending.acknowledge(5, 2, false)
  expect(sending.isMarked(6)).toBe(false)
})

test('a number that was never recorded is no news', () => {
  const sending = window(0, 1)
  sending.take(0)
  sending.acknowledge(7, 1, false)
  expect(sending.acked).toBe(0)
})
