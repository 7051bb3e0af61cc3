import { expect, test } from 'vitest'
import type { Order } from '../../src/ops/live/region'
import { OrderFiles } from '../../src/ops/order_files.svelte'
import { Problem } from '../../src/session/api'
import type { OrderBody } from '../../src/session/bodies'

const NOON = '2026-11-23T12:00:00.000Z'
const NOON_MS = Date.parse(NOON)
const order = (id: string, state = 'settled', changedMs = NOON_MS) => ({ id, state, changedMs }) as Order
const always = () => true

function files() {
  const asked: string[] = []
  const states: Record<string, string> = {}
  const found = new OrderFiles((id) => {
    asked.push(id)
    if (id === 'ord-lost') return Promise.reject(new Problem(0, 'unreachable', 'away'))
    return Promise.resolve({ id, state: states[id] ?? 'settled', changed: NOON } as OrderBody)
  })
  return { asked, states, found }
}

test('the file of an order that is no longer one of the last is forgotten', async () => {
  const { asked, found } = files()
  await found.read([order('ord-1'), order('ord-2')], always)
  await found.read([order('ord-2'), order('ord-3')], always)
  expect([...found.known.keys()]).toEqual(['ord-2', 'ord-3'])
  await found.read([order('ord-3')], always)
  expect([...found.known.keys()]).toEqual(['ord-3'])
  expect(asked).toEqual(['ord-1', 'ord-2', 'ord-3'])
})

test('an order that has moved is asked for again', async () => {
  const { states, found } = files()
  states['ord-1'] = 'in_use'
  await found.read([order('ord-1', 'in_use')], always)
  states['ord-1'] = 'settled'
  await found.read([order('ord-1', 'settled')], always)
  expect(found.known.get('ord-1')?.state).toBe('settled')
})

test('an order that has changed without moving, as by a waived fee, is asked for again, once', async () => {
  const { asked, found } = files()
  await found.read([order('ord-1')], always)
  await found.read([order('ord-1')], always)
  expect(asked).toHaveLength(1)
  for (let time = 0; time < 2; time++) await found.read([order('ord-1', 'settled', NOON_MS + 5)], always)
  expect(asked).toHaveLength(2)
  await found.read([order('ord-1', 'settled', NOON_MS + 9)], always)
  expect(asked).toHaveLength(3)
})

test('what was read before one could not be is known', async () => {
  const { found } = files()
  await expect(found.read([order('ord-1'), order('ord-lost')], always)).rejects.toThrow(Problem)
  expect([...found.known.keys()]).toEqual(['ord-1'])
})
