import { expect, test } from 'vitest'
import type { FeeLine, OrderEvent } from '../../src/session/bodies'
import { along, axisOf, bars, dots, laneOf, laneOfTopic } from '../../src/ops/timeline'

const event = (id: string, type: string, time: string): OrderEvent => ({
  id,
  type,
  time,
  received: time,
  quality: 'synced',
})
const line = (id: string, from_time: string, to_time: string): FeeLine => ({
  id,
  fee: 'rental',
  bank: null,
  from_time,
  to_time,
  amount_minor: 100,
  currency: 'EUR',
  quality: 'synced',
  reverses: null,
})

test('every entry and every message is the word of one of the three systems', () => {
  expect([laneOf('placed'), laneOf('first_indication'), laneOf('bank_ejected')]).toEqual([
    'rental',
    'courier',
    'cabinet',
  ])
  expect(laneOfTopic('cl/v1/demo/cabinet/cab-1/command')).toBe('rental')
  expect(laneOfTopic('cl/v1/demo/cabinet/cab-1/event')).toBe('cabinet')
  expect(laneOfTopic('cl/v1/demo/dispatch/dsp-main/report')).toBe('courier')
  expect(laneOfTopic('cl/v1/demo/dispatch/dsp-main/request')).toBe('rental')
})

test('the axis holds all instants and has a few round ticks', () => {
  const from = Date.parse('2026-11-23T12:01:10Z')
  const axis = axisOf([from, from + 3_000_000])
  expect(along(axis, from)).toBeGreaterThan(0)
  expect(along(axis, from + 3_000_000)).toBeLessThan(1)
  expect(axis.ticks.length).toBeLessThanOrEqual(9)
  expect(axis.ticks.every((tick) => tick % 600_000 === 0)).toBe(true)
})

test('events at one place are stacked, and order does not depend on that of the journal', () => {
  const at = '2026-11-23T12:00:00Z'
  const axis = axisOf([Date.parse(at), Date.parse(at) + 600_000])
  const found = dots(
    [
      event('e2', 'settled', '2026-11-23T12:05:00Z'),
      event('e0', 'placed', at),
      event('e1', 'reservation_asked', at),
    ],
    axis,
  )
  expect(found.map(({ event: { id }, level }) => [id, level])).toEqual([
    ['e0', 0],
    ['e1', 1],
    ['e2', 0],
  ])
})

test('fee lines that overlap have rows of their own, others share one', () => {
  const lines = [
    line('a', '2026-11-23T12:00:00Z', '2026-11-23T12:10:00Z'),
    line('b', '2026-11-23T12:05:00Z', '2026-11-23T12:15:00Z'),
    line('c', '2026-11-23T12:10:00Z', '2026-11-23T12:20:00Z'),
  ]
  const axis = axisOf(lines.flatMap(({ from_time, to_time }) => [Date.parse(from_time), Date.parse(to_time)]))
  expect(bars(lines, axis).map(({ row }) => row)).toEqual([0, 1, 0])
})
