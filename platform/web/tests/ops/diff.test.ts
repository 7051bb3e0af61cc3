import { expect, test } from 'vitest'
import { compared } from '../../src/ops/diff'

const marks = (after: unknown, before: unknown) =>
  compared(after, before)
    .filter(({ mark }) => mark !== 'same')
    .map(({ key, mark, text, before: was }) => [key, mark, text, was])

test('what is new, gone and changed is told member by member', () => {
  expect(marks({ a: 1, b: { c: 2, d: 3 } }, { a: 1, b: { c: 9 }, e: 5 })).toEqual([
    ['c', 'changed', '2', '9'],
    ['d', 'new', '3', undefined],
    ['e', 'gone', '5', undefined],
  ])
})

test('slots are told apart by their number and not by their place in the list', () => {
  const before = {
    slots: [
      { slot: 1, state: 'empty' },
      { slot: 2, state: 'ready' },
    ],
  }
  const after = { slots: [{ slot: 2, state: 'reserved' }] }
  expect(marks(after, before)).toEqual([
    ['state', 'changed', '"reserved"', '"ready"'],
    ['slot 1', 'gone', '{"slot":1,"state":"empty"}', undefined],
  ])
})

test('a value that becomes an object is a change with what stood there before', () => {
  expect(marks({ a: { b: 1 } }, { a: null })).toEqual([
    ['a', 'changed', null, 'null'],
    ['b', 'new', '1', undefined],
  ])
})

test('without anything before, nothing is marked', () => {
  expect(marks({ a: [1, 2] }, undefined)).toEqual([])
})
