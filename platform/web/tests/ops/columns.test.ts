import { expect, test } from 'vitest'
import './browser'
import type { Alarm } from '../../src/ops/alarms.svelte'
import { alarmColumns, orderColumns } from '../../src/ops/columns'
import type { Order } from '../../src/ops/live/region'

const NOW = Date.parse('2026-11-24T10:00:00.000Z')

/** Returns what stands in a column of an alarm. */
function cell(key: string, alarm: Partial<Alarm>): string {
  const columns = alarmColumns(
    () => 'Harbour has no banks',
    () => NOW,
  )
  return columns.find((column) => column.key === key)?.text(alarm as Alarm) ?? ''
}

test('the state of an alarm is short, with the day of its end only when that is not today', () => {
  expect(cell('stands', { cleared: null })).toBe('open')
  expect(cell('stands', { cleared: '2026-11-24T09:06:31.000Z' })).toBe('over 09:06')
  expect(cell('stands', { cleared: '2026-11-23T09:06:31.000Z' })).toBe('over Nov 23, 09:06')
})

test('since when an alarm stands is told with the day, and what it is about in its own sentence', () => {
  expect(cell('since', { since: '2026-11-24T09:06:31.000Z' })).toBe('Nov 24, 09:06')
  expect(cell('text', { text: 'another' })).toBe('Harbour has no banks')
})

test('when an order was placed is told in short, and whole in what is saved', () => {
  const placed = orderColumns(() => NOW).find(({ key }) => key === 'placed')
  const order = { placedMs: Date.parse('2026-11-24T09:06:31.000Z') } as Order
  expect(placed?.text(order)).toBe('09:06:31')
  expect(placed?.whole?.(order)).toBe('Nov 24, 09:06:31')
})
