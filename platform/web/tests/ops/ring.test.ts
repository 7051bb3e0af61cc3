import { expect, test } from 'vitest'
import { Matches } from '../../src/ops/live/matches'
import { Ring } from '../../src/ops/live/ring'

const bytes = new TextEncoder().encode('onetwothree')

function filled(size: number, topics: readonly string[]): Ring {
  const ring = new Ring(size)
  for (const topic of topics) ring.push(topic, bytes, 3, 6, 1_000, false)
  return ring
}

test('a ring keeps the last messages and forgets the ones before', () => {
  const ring = filled(3, ['a', 'b', 'c', 'd'])
  expect(ring.first).toBe(2)
  expect(ring.get(1)).toBeNull()
  expect(ring.get(4)?.topic).toBe('d')
  expect(new TextDecoder().decode(ring.get(2)?.bytes)).toBe('two')
})

test('the message before is the last one of the same topic that is still there', () => {
  const ring = filled(4, ['a', 'b', 'a', 'b', 'a'])
  expect(ring.before(5, 'a')?.seq).toBe(3)
  expect(ring.before(3, 'a')).toBeNull()
})

test('matches follow the ring, and drop what it has forgotten', () => {
  const ring = filled(3, ['a/x', 'b/x'])
  const matches = new Matches(ring)
  matches.filter('a/#')
  expect(matches.count).toBe(1)
  for (const topic of ['b/y', 'a/y', 'b/z']) ring.push(topic, bytes, 0, 3, 2_000, false)
  matches.catchUp()
  expect(matches.count).toBe(1)
  expect(matches.newest(0)?.topic).toBe('a/y')
})

test('what is held still stays readable whatever comes', () => {
  const ring = filled(2, ['a', 'b'])
  const matches = new Matches(ring)
  matches.hold()
  for (let count = 0; count < 5; count++) ring.push('c', bytes, 0, 3, 2_000, false)
  expect([matches.newest(0)?.topic, matches.newest(1)?.topic]).toEqual(['b', 'a'])
  matches.release()
  expect(matches.newest(0)?.topic).toBe('c')
})

test('a malformed filter changes nothing', () => {
  const matches = new Matches(filled(3, ['a', 'b']))
  matches.filter('a')
  expect(matches.filter('a/#/b')).toBe(false)
  expect(matches.count).toBe(1)
})
