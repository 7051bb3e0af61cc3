import { expect, test } from 'vitest'
import { commandsIn, type CommandTold, factsOf, overdue, standing, together } from '../../src/ops/commands'
import type { Trace } from '../../src/ops/live/trails'

let seq = 0
function trace(leaf: string, id: string, kind: string, time: string, data: object): Trace {
  seq += 1
  return {
    seq,
    topic: `cl/v1/demo/cabinet/cab-1/${leaf}`,
    atMs: seq,
    id,
    type: `chargeloop.cabinet.${kind}.v1`,
    time,
    data,
    bytes: new Uint8Array(),
  }
}
const lock = (time: string) =>
  trace('command', 'cmd-1', 'lock_slot', time, { slot: 3, epoch: 1, locked: true })
const answer = (time: string, outcome: string, reason?: string) =>
  trace('event', 'j:1', 'command_finished', time, { command: 'cmd-1', epoch: 1, outcome, reason })

test('a command that was sent is neither answered nor has anything happened', () => {
  const [command] = commandsIn([lock('12:00:00')])
  expect(command).toMatchObject({
    type: 'lock_slot',
    sent: { time: '12:00:00' },
    acknowledged: null,
    happened: [],
  })
})

test('an answer is not yet what happened, and what happened is told by the sensors', () => {
  const sent = [lock('12:00:00'), answer('12:00:01', 'done')]
  expect(commandsIn(sent)[0]?.happened).toEqual([])
  const seen = trace('event', 'j:2', 'slot_changed', '12:00:02', { slot: 3, state: 'locked' })
  expect(commandsIn([...sent, seen])[0]).toMatchObject({
    acknowledged: { word: 'done', reason: null },
    happened: [{ time: '12:00:02', word: 'slot_changed' }],
  })
})

test('what happened to another slot, or before, is not the doing of the command', () => {
  const before = trace('event', 'j:0', 'slot_changed', '11:59:59', { slot: 3, state: 'locked' })
  const other = trace('event', 'j:2', 'slot_changed', '12:00:02', { slot: 4, state: 'locked' })
  expect(commandsIn([before, lock('12:00:00'), other])[0]?.happened).toEqual([])
})

test('a refusal comes with its reason, even when the command itself was not heard', () => {
  const [command] = commandsIn([answer('12:00:01', 'refused', 'stale_epoch')])
  expect(command).toMatchObject({ sent: null, acknowledged: { word: 'refused', reason: 'stale_epoch' } })
})

test('an ejected bank that names the command is its doing', () => {
  const eject = trace('command', 'cmd-9', 'eject_banks', '12:00:00', { reservation: 'rsv-1', epoch: 1 })
  const out = trace('event', 'j:3', 'bank_ejected', '12:00:03', { slot: 2, bank: 'bnk-1', command: 'cmd-9' })
  expect(commandsIn([eject, out])[0]?.happened).toEqual([{ time: '12:00:03', word: 'bank_ejected' }])
})

test('what the gateway knows of a command goes before what was heard of it here', () => {
  const told = factsOf({
    command: 'cmd-1',
    operator: 'opr-anna',
    action: 'lock',
    slot: 3,
    reservation: null,
    reason: 'the motor grinds',
    sent: '12:00:00',
    expires: '12:00:15',
    outcome: 'unknown',
    refusal: null,
    answered: null,
    happened: null,
  })
  const later = trace('command', 'cmd-2', 'report_inventory', '12:00:05', { epoch: 2 })
  const all = together([told], commandsIn([lock('12:00:00'), later]))
  expect(all.map(({ id, type }) => [id, type])).toEqual([
    ['cmd-2', 'report_inventory'],
    ['cmd-1', 'lock'],
  ])
  expect(all[1]?.acknowledged).toEqual({ time: '12:00:15', word: 'unknown', reason: null })
})

test('a reboot has happened when the boot that names it is heard, and no other boot', () => {
  const reboot = trace('command', 'cmd-7', 'reboot', '12:00:00', { epoch: 7 })
  const done = trace('event', 'j:4', 'command_finished', '12:00:01', { command: 'cmd-7', outcome: 'done' })
  const crash = trace('event', 'j:5', 'booted', '12:00:02', { cause: 'crash', firmware: '1' })
  const [waiting] = commandsIn([reboot, done, crash])
  expect(waiting).toMatchObject({ type: 'reboot', acknowledged: { word: 'done' }, happened: [] })
  const boot = trace('event', 'j:6', 'booted', '12:00:04', {
    cause: 'reboot',
    firmware: '1',
    command: 'cmd-7',
  })
  const [seen] = commandsIn([reboot, done, crash, boot])
  expect(seen?.happened).toEqual([{ time: '12:00:04', word: 'booted' }])
})

test('a reboot that the gateway tells of is shown by the start of the cabinet', () => {
  const told = factsOf({
    command: 'cmd-7',
    operator: 'opr-anna',
    action: 'reboot',
    slot: null,
    reservation: null,
    reason: 'the display is stuck',
    sent: '12:00:00',
    expires: '12:00:15',
    outcome: 'done',
    refusal: null,
    answered: '12:00:01',
    happened: '12:00:04',
  })
  expect(told.happened).toEqual([{ time: '12:00:04', word: 'booted' }])
})

test('a command whose time passes without an answer is told to have none, before the gateway says so', () => {
  const told: CommandTold = {
    command: 'cmd-1',
    operator: 'opr-anna',
    action: 'lock',
    slot: 3,
    reservation: null,
    reason: 'the motor grinds',
    sent: '2026-11-23T12:00:00.000Z',
    expires: '2026-11-23T12:00:15.000Z',
    outcome: null,
    refusal: null,
    answered: null,
    happened: null,
  }
  const overMs = Date.parse(told.expires)
  expect(standing(factsOf(told), overMs).acknowledged).toBeNull()
  expect(standing(factsOf(told), overMs + 1).acknowledged).toEqual({
    time: told.expires,
    word: 'unknown',
    reason: null,
  })
  expect(overdue([told], overMs)).toEqual([])
  expect(overdue([told, { ...told, command: 'cmd-2', outcome: 'done' }], overMs + 1)).toEqual(['cmd-1'])
})

test("a command of the platform's own, which only was heard, has its time too", () => {
  const heard = { ...lock('2026-11-23T12:00:00.000Z'), expires: '2026-11-23T12:00:15.000Z' }
  const [command] = commandsIn([heard])
  if (command === undefined) throw new Error('no command')
  expect(standing(command, Date.parse('2026-11-23T12:01:00.000Z')).acknowledged?.word).toBe('unknown')
  const [answered] = commandsIn([heard, answer('2026-11-23T12:00:01.000Z', 'done')])
  if (answered === undefined) throw new Error('no command')
  expect(standing(answered, Date.parse('2026-11-23T12:01:00.000Z')).acknowledged?.word).toBe('done')
})
