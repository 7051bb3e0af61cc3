import { expect, test } from 'vitest'
import { scaleOf } from '../../src/ops/scale'

test.each([
  [0, [0, 1]],
  [1, [0, 1]],
  [3, [0, 2, 4]],
  [5, [0, 5]],
  [37, [0, 20, 40]],
])('of %i things there is no half', (most, lines) => {
  expect(scaleOf(most, true)).toEqual(lines)
})

test('what is measured has halves', () => {
  expect(scaleOf(0.7, false)).toEqual([0, 0.4, 0.8])
  expect(scaleOf(1, false)).toEqual([0, 0.5, 1])
})
