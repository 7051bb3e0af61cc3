/**
 * A command to a cabinet is three facts, which must never be taken for one another: that it was sent, what the
 * cabinet answered, and what then happened.
 */

import type { Trace } from './live/trails'

export interface Fact {
  readonly time: string
  readonly word: string
}

export interface CommandFacts {
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly sent: Fact | null
  /** Until when it may be carried out; null: that was not heard. */
  readonly expires: string | null
  /** The cabinet's own answer: done, refused, expired or failed, with its reason. */
  readonly acknowledged: (Fact & { readonly reason: string | null }) | null
  readonly happened: readonly Fact[]
}

type Data = Readonly<Record<string, unknown>>

/** Returns the commands among the messages of a cabinet, the latest first. */
export function commandsIn(trail: readonly Trace[]): CommandFacts[] {
  const found = new Map<string, CommandFacts>()
  for (const trace of trail) {
    if (!trace.topic.endsWith('/command')) continue
    const data = dataOf(trace)
    found.set(trace.id, {
      id: trace.id,
      type: word(trace.type),
      data,
      sent: { time: trace.time, word: word(trace.type) },
      expires: trace.expires ?? null,
      acknowledged: null,
      happened: [],
    })
  }
  const events = trail.filter(({ topic }) => topic.endsWith('/event'))
  for (const event of events) {
    const data = dataOf(event)
    if (word(event.type) !== 'command_finished' || typeof data.command !== 'string') continue
    const known = found.get(data.command)
    found.set(data.command, {
      id: data.command,
      type: known?.type ?? 'unknown',
      data: known?.data ?? {},
      sent: known?.sent ?? null,
      expires: known?.expires ?? null,
      acknowledged: {
        time: event.time,
        word: String(data.outcome),
        reason: typeof data.reason === 'string' ? data.reason : null,
      },
      happened: [],
    })
  }
  return [...found.values()]
    .map((command) => ({
      ...command,
      happened: events
        .filter((event) => follows(command, event))
        .map(({ time, type }) => ({ time, word: word(type) })),
    }))
    .reverse()
}

/** Tells whether an event is what the command was to bring about. */
function follows(command: CommandFacts, event: Trace): boolean {
  const data = dataOf(event)
  const kind = word(event.type)
  if (kind === 'command_finished') return false
  if (data.command === command.id) return true
  if (command.sent !== null && event.time < command.sent.time) return false
  const { reservation, slot } = command.data
  switch (command.type) {
    case 'eject_banks':
      return (kind === 'bank_ejected' || kind === 'eject_failed') && data.reservation === reservation
    case 'eject_slot':
      return (kind === 'bank_ejected' || kind === 'eject_failed') && data.slot === slot
    case 'release_reservation':
      return kind === 'reservation_ended' && data.reservation === reservation
    case 'lock_slot':
      return kind === 'slot_changed' && data.slot === slot
    default:
      return false
  }
}

function dataOf({ data }: Trace): Data {
  return typeof data === 'object' && data !== null ? (data as Data) : {}
}

/** `chargeloop.cabinet.lock_slot.v1` is `lock_slot`. */
export function word(type: string): string {
  return type.split('.')[2] ?? type
}

/** What the gateway keeps of an operator's command. */
export interface CommandTold {
  readonly command: string
  readonly operator: string
  readonly action: string
  readonly slot: number | null
  readonly reservation: string | null
  readonly reason: string
  readonly sent: string
  readonly expires: string
  readonly outcome: string | null
  readonly refusal: string | null
  readonly answered: string | null
  readonly happened: string | null
}

const SEEN: Readonly<Record<string, string>> = {
  lock: 'slot_changed',
  unlock: 'slot_changed',
  release: 'reservation_ended',
  eject: 'bank_ejected',
  inventory: 'inventory_reported',
  reboot: 'booted',
}

/** Returns the facts of a command as the gateway knows them. */
export function factsOf(told: CommandTold): CommandFacts {
  const { command, action, slot, reservation, sent, outcome, answered, happened } = told
  return {
    id: command,
    type: action,
    data: { slot, reservation, operator: told.operator, reason: told.reason },
    sent: { time: sent, word: action },
    expires: told.expires,
    acknowledged:
      outcome === null ? null : { time: answered ?? told.expires, word: outcome, reason: told.refusal },
    happened: happened === null ? [] : [{ time: happened, word: SEEN[action] ?? action }],
  }
}

/** Returns the command as it stands at an instant: that the cabinet has let its time pass is told by nobody. */
export function standing(command: CommandFacts, nowMs: number): CommandFacts {
  const { acknowledged, expires } = command
  if (acknowledged !== null || expires === null || !isOver(expires, nowMs)) return command
  return { ...command, acknowledged: { time: expires, word: 'unknown', reason: null } }
}

/** Returns the ids of those whose answer the gateway did not know yet, and whose time is over by now. */
export function overdue(told: readonly CommandTold[], nowMs: number): string[] {
  return told
    .filter(({ outcome, expires }) => outcome === null && isOver(expires, nowMs))
    .map(({ command }) => command)
}

function isOver(expires: string, nowMs: number): boolean {
  return Date.parse(expires) < nowMs
}

/** Returns all commands, the latest first; of one that both know, what the gateway says goes before. */
export function together(
  told: readonly CommandFacts[],
  heard: readonly CommandFacts[],
): readonly CommandFacts[] {
  const known = new Set(told.map(({ id }) => id))
  return [...told, ...heard.filter(({ id }) => !known.has(id))].sort((one, other) =>
    timeOf(one) < timeOf(other) ? 1 : -1,
  )
}

function timeOf({ sent, acknowledged }: CommandFacts): string {
  return sent?.time ?? acknowledged?.time ?? ''
}
