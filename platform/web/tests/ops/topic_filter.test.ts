import { expect, test } from 'vitest'
import { topicTest } from '../../src/ops/live/topic_filter'

test.each([
  ['', 'a/b', true],
  ['#', 'a/b', true],
  ['a/b', 'a/b', true],
  ['a/b', 'a/b/c', false],
  ['a/#', 'a', true],
  ['a/#', 'a/b/c', true],
  ['a/#', 'ab', false],
  ['+/b', 'a/b', true],
  ['+/b', 'a/c/b', false],
  ['a/+', 'a', false],
  ['a/+', 'a/', true],
  ['a/+/c', 'a/b/c', true],
  ['a/+/#', 'a/b', true],
  ['a/+/#', 'a/b/c/d', true],
  ['a/+/#', 'a', false],
])('the filter %j and the topic %j: %j', (filter, topic, fits) => {
  expect(topicTest(filter)?.(topic)).toBe(fits)
})

test.each(['a/#/b', 'a#', 'a/b+', '#/a'])('%j is malformed', (filter) => {
  expect(topicTest(filter)).toBeNull()
})
