/** The columns of the tables of cabinets, orders and couriers, in the reader's language. */

import type { Alarm } from './alarms.svelte'
import { type Cabinet, type Courier, type Order, statusOf } from './live/region'
import type { Column } from './table'
import { dayMinute, instant, lately, shortly } from './times'
import { o, told } from './words'

const WORST = { offline: 0, fault: 1, low: 2, good: 3 } as const

/** `now` is the world's clock. */
export function cabinetColumns(now: () => number): Column<Cabinet>[] {
  return [
    { key: 'id', label: o('column.cabinet'), text: ({ id }) => id },
    { key: 'name', label: o('column.name'), text: ({ name }) => name, wide: true },
    {
      key: 'status',
      label: o('column.status'),
      text: (row) => o(`status.${statusOf(row)}`),
      order: (row) => WORST[statusOf(row)],
    },
    {
      key: 'ready',
      label: o('column.ready'),
      text: ({ ready }) => `${ready}`,
      order: ({ ready }) => ready,
      right: true,
    },
    {
      key: 'free',
      label: o('column.free'),
      text: ({ free }) => `${free}`,
      order: ({ free }) => free,
      right: true,
      minor: true,
    },
    {
      key: 'faulty',
      label: o('column.faulty'),
      text: ({ faulty }) => `${faulty}`,
      order: ({ faulty }) => faulty,
      right: true,
      minor: true,
    },
    {
      key: 'heard',
      label: o('column.heard'),
      text: ({ heardMs }) => lately(heardMs, now()),
      order: ({ heardMs }) => heardMs,
      minor: true,
    },
  ]
}

/** `now` is the world's clock. */
export function orderColumns(now: () => number): Column<Order>[] {
  return [
    { key: 'id', label: o('column.order'), text: ({ id }) => id, slim: true },
    {
      key: 'placed',
      label: o('column.placed'),
      text: ({ placedMs }) => lately(placedMs, now()),
      whole: ({ placedMs }) => instant(placedMs),
      order: ({ placedMs }) => placedMs,
      minor: true,
    },
    { key: 'state', label: o('column.state'), text: ({ state }) => told('state', state), wide: true },
    {
      key: 'quantity',
      label: o('column.quantity'),
      text: ({ quantity }) => `${quantity}`,
      order: ({ quantity }) => quantity,
      right: true,
    },
    {
      key: 'cabinet',
      label: o('column.cabinet'),
      text: ({ cabinet }) => cabinet ?? '–',
      minor: true,
      slim: true,
    },
    {
      key: 'courier',
      label: o('column.courier'),
      text: ({ courier }) => courier ?? '–',
      minor: true,
      slim: true,
    },
    { key: 'user', label: o('column.user'), text: ({ user }) => user, minor: true, slim: true },
  ]
}

/** `now` is the world's clock. */
export function courierColumns(now: () => number): Column<Courier>[] {
  return [
    { key: 'id', label: o('column.courier'), text: ({ id }) => id },
    { key: 'duty', label: o('column.duty'), text: dutyOf },
    {
      key: 'jobs',
      label: o('column.jobs'),
      text: ({ jobs }) => `${jobs.length}`,
      order: ({ jobs }) => jobs.length,
      right: true,
    },
    {
      key: 'step',
      label: o('column.step'),
      text: ({ jobs }) => jobs.map(({ step }) => told('step', step)).join(', ') || '–',
      wide: true,
    },
    {
      key: 'heard',
      label: o('column.heard'),
      text: ({ heardMs }) => lately(heardMs, now()),
      order: ({ heardMs }) => heardMs,
      minor: true,
    },
  ]
}

export function dutyOf({ onDuty, online }: Courier): string {
  if (onDuty && online === false) return o('duty.lost')
  return onDuty ? o('duty.on') : o('duty.off')
}

const WEIGHT = { info: 0, warning: 1, critical: 2 } as const

/** `said` returns the sentence of an alarm, which has the room that short columns leave; `now` is the world's clock. */
export function alarmColumns(said: (alarm: Alarm) => string, now: () => number): Column<Alarm>[] {
  return [
    { key: 'kind', label: o('column.alarm'), text: ({ kind }) => told('alarm', kind) },
    { key: 'subject', label: o('column.subject'), text: ({ subject }) => subject.id },
    {
      key: 'severity',
      label: o('column.severity'),
      text: ({ severity }) => told('severity', severity),
      order: ({ severity }) => WEIGHT[severity],
    },
    {
      key: 'since',
      label: o('column.since'),
      text: ({ since }) => dayMinute(Date.parse(since)),
      order: ({ since }) => since,
      minor: true,
    },
    {
      key: 'stands',
      label: o('column.stands'),
      text: ({ cleared }) =>
        cleared === null
          ? o('alarm.lasts')
          : o('alarm.over.short', { time: shortly(Date.parse(cleared), now()) }),
      order: ({ cleared }) => cleared ?? '',
      minor: true,
    },
    {
      key: 'acknowledged',
      label: o('column.seen'),
      text: ({ acknowledged }) => acknowledged?.by ?? '–',
      minor: true,
    },
    { key: 'assignee', label: o('column.assignee'), text: (row) => row.assignee ?? '–', minor: true },
    { key: 'text', label: o('column.text'), text: said, minor: true, wide: true },
  ]
}
