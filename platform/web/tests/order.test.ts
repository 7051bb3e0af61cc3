import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { OrderView } from '../src/protocol/generated'
import { likeABrowser } from './gateway'

beforeEach(() => {
  vi.resetModules()
  likeABrowser()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
})

const PLACED = '2026-11-23T12:00:00.000Z'

/** Returns what a user sees of an order, an hour after it was placed. */
async function seen(order: Partial<OrderView>, file: unknown = null): Promise<string> {
  const { render } = await import('svelte/server')
  const { default: Order } = await import('../src/rent/Order.svelte')
  const whole = {
    order: 'ord-1',
    quantity: 2,
    banks: ['bnk-1', 'bnk-2'],
    hand_over: 'courier',
    placed: PLACED,
    changed: PLACED,
    ...order,
  }
  const renter = { files: file === null ? {} : { 'ord-1': file } }
  const now = Date.parse(PLACED) + 3_600_000
  const { Doing } = await import('../src/rent/doing.svelte')
  const props = { order: whole, now, renter, here: { point: null }, played: false, doing: new Doing() }
  return (await render(Order, { props: props as never })).body
}

test.each([
  ['no courier came in time; try later, or walk to a cabinet', 'No courier came in time.'],
  ['1 still with you', 'Not all banks were fetched'],
])('who has banks and waits for nobody any more is told why: %s', async (reason, words) => {
  expect(await seen({ state: 'in_use', reason })).toContain(words)
  expect(await seen({ state: 'in_use' })).not.toContain('tone-warn')
})

const RULES = {
  currency: 'EUR',
  rental: {
    free_minutes: 0,
    unit_minutes: 30,
    price: { amount_minor: 100, currency: 'EUR' },
    cap_per_24h: null,
    total_cap: null,
  },
}
const at = (type: string, minute: number) => ({
  type,
  time: new Date(Date.parse(PLACED) + minute * 60_000).toISOString(),
})
const EVENTS = [at('rental_success', 5), at('return_asked', 20), at('return_requested', 20)]

test('the fee that is shown stands still from when a courier accepts the return', async () => {
  const banks = ['bnk-1', 'bnk-2']
  const events = [...EVENTS, at('second_indication', 25)]
  const file = (state: string) => ({ state, banks, events, rules: RULES })
  expect(await seen({ state: 'in_use', banks }, file('in_use'))).toContain('€4.00')
  const ended = await seen({ state: 'collecting', banks }, file('collecting'))
  expect(ended).toContain('€2.00')
  expect(ended).toContain('Nothing more is charged')
})

test('who holds nothing any more is shown no running fee', async () => {
  const file = { state: 'returning', banks: [], events: EVENTS, rules: RULES }
  const returning = await seen({ state: 'returning', banks: [] }, file)
  expect(returning).toContain('On the way back to a cabinet')
  expect(returning).not.toContain('€')
})

const line = (id: string, reverses: string | null = null) => ({
  id,
  fee: 'rental',
  bank: 'bnk-1',
  from_time: PLACED,
  to_time: PLACED,
  amount_minor: reverses === null ? 300 : -300,
  currency: 'EUR',
  quality: 'exact',
  reverses,
})
const WAIVED = { type: 'fee_waived', detail: { line: 'one', fee: 'rental', of: 'bnk-1' } }

test('the day stands with a time that is not of the day somebody has in mind', async () => {
  vi.stubEnv('TZ', 'UTC')
  const order = { state: 'in_use', placed: '2026-11-20T12:00:00.000Z' } as const
  expect(await seen(order)).toContain('20 Nov 2026, ')
  expect(await seen({ state: 'in_use' })).not.toContain('Nov 2026')
  const { render } = await import('svelte/server')
  const { default: Receipt } = await import('../src/rent/Receipt.svelte')
  const receipt = async (to_time: string) => {
    const lines = [{ ...line('one'), to_time }]
    const file = {
      id: 'ord-1',
      placed: PLACED,
      events: [],
      fee_lines: lines,
      total: { ...RULES.rental.price },
    }
    return (await render(Receipt, { props: { file } as never })).body
  }
  expect(await receipt('2026-11-25T12:00:00.000Z')).toMatch(/23 Nov 2026, [\d:]+ – 25 Nov 2026, [\d:]+/)
  expect(await receipt(PLACED)).not.toContain('Nov 2026, ')
})

test.each([
  ['corrected', [], ['corrected by itself']],
  ['waived', [WAIVED], ['An operator waived €3.00']],
  ['corrected, and then waived', [{ ...WAIVED, detail: { line: 'two' } }], ['corrected', 'waived €3.00']],
])('a receipt whose line was %s says so', async (_, events, told) => {
  const { render } = await import('svelte/server')
  const { default: Receipt } = await import('../src/rent/Receipt.svelte')
  const lines = [line('one'), line('back', 'one')]
  if (told.length > 1) lines.push(line('two'), line('gone', 'two'))
  const total = { amount_minor: 0, currency: 'EUR' }
  const file = { id: 'ord-1', placed: PLACED, events, fee_lines: lines, total }
  const { body } = await render(Receipt, { props: { file } as never })
  for (const words of told) expect(body).toContain(words)
  if (told.length === 1) expect(body.match(/corrected by itself|An operator waived/g)).toHaveLength(1)
})
