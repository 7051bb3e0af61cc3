import { render } from 'svelte/server'
import { expect, test } from 'vitest'
import './browser'
import type { PastEvent } from '../../src/ops/cabinet_file'
import CabinetHistory from '../../src/ops/CabinetHistory.svelte'
import type { Trace } from '../../src/ops/live/trails'

test('what was heard just now has a date, as what was before', () => {
  const heard = { id: 'm-1', type: 'chargeloop.cabinet.bank_returned.v1', time: '2026-11-23T09:05:00Z' }
  const past = { id: 'e-1', type: 'placed', time: '2026-11-22T21:05:00Z', order: 'ord-1' }
  const { body } = render(CabinetHistory, {
    props: { heard: [heard as Trace], past: [past as PastEvent] },
  })
  expect(body.match(/Nov \d+, [\d:]+/g)).toEqual(['Nov 23, 09:05:00', 'Nov 22, 21:05:00'])
})
