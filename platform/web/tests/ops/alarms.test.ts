import { expect, test } from 'vitest'
import { type Alarm, Alarms } from '../../src/ops/alarms.svelte'
import { Problem } from '../../src/session/api'

const alarm = (id: string) => ({ id, closed: null }) as Alarm

/** A gateway that keeps alarms, and may be away. */
class Gateway {
  kept: Record<string, Alarm[]> = { open: [], closed: [] }
  away: Problem | null = null

  call = <T>(path: string): Promise<T> => {
    if (this.away !== null) return Promise.reject(this.away)
    const which = new URL(path, 'http://gateway').searchParams.get('state') ?? ''
    return Promise.resolve({ alarms: this.kept[which] } as T)
  }
}

const AWAY = new Problem(0, 'unreachable', 'away')

test('as long as no alarms have been read, there may be some', async () => {
  const gateway = new Gateway()
  gateway.away = AWAY
  const alarms = new Alarms(gateway.call)
  await alarms.refresh()
  expect([alarms.state, alarms.list]).toEqual(['unreachable', null])
  gateway.away = null
  await alarms.refresh()
  expect([alarms.state, alarms.list]).toEqual(['here', []])
})

test('what was read last stays when the gateway is away, but not for others', async () => {
  const gateway = new Gateway()
  gateway.kept.open = [alarm('alm-1')]
  const alarms = new Alarms(gateway.call)
  await alarms.refresh()
  gateway.away = AWAY
  await alarms.refresh()
  expect([alarms.state, alarms.list]).toEqual(['unreachable', [alarm('alm-1')]])
  const shown = alarms.show('closed')
  expect([alarms.state, alarms.list]).toEqual(['starting', null])
  await shown
  expect([alarms.state, alarms.list]).toEqual(['unreachable', null])
})

test('open alarms are counted while closed ones are shown', async () => {
  const gateway = new Gateway()
  gateway.kept.closed = [alarm('alm-1')]
  const alarms = new Alarms(gateway.call)
  await alarms.show('closed')
  gateway.kept.open = [alarm('alm-2'), alarm('alm-3')]
  await alarms.refresh()
  expect(alarms.open).toBe(2)
  expect(alarms.list).toEqual([alarm('alm-1')])
})

test('all open alarms are counted, also those that the list has no room for', async () => {
  const call = <T>(path: string) =>
    Promise.resolve(
      (path.endsWith('open') ? { alarms: [alarm('alm-1')], total: 812 } : { alarms: [], total: 3 }) as T,
    )
  const alarms = new Alarms(call)
  await alarms.refresh()
  expect([alarms.open, alarms.total, alarms.list?.length]).toEqual([812, 812, 1])
  await alarms.show('closed')
  expect([alarms.open, alarms.total]).toEqual([812, 3])
})

test('what is closed is no longer counted, though the list cannot be read anew', async () => {
  const gateway = new Gateway()
  gateway.kept.open = [alarm('alm-1'), alarm('alm-2')]
  const call = async <T>(path: string): Promise<T> => {
    if (!path.endsWith('/close')) return gateway.call<T>(path)
    gateway.away = AWAY
    return { id: 'alm-1', closed: { by: 'opr-anna' } } as T
  }
  const alarms = new Alarms(call)
  await alarms.refresh()
  await alarms.act(alarm('alm-1'), 'close', { reason: 'mended' })
  expect([alarms.list?.length, alarms.total]).toEqual([1, 1])
})

test('what was read before an act is not shown after it', async () => {
  const gateway = new Gateway()
  gateway.kept.open = [alarm('alm-1')]
  let release: () => void = () => undefined
  const asked: string[] = []
  const call = async <T>(path: string): Promise<T> => {
    asked.push(path)
    if (path.endsWith('/close')) {
      gateway.kept.open = []
      return { id: 'alm-1', closed: { by: 'opr-anna' } } as T
    }
    const answer = await gateway.call<T>(path)
    if (asked.length === 1) await new Promise<void>((resolve) => (release = resolve))
    return answer
  }
  const alarms = new Alarms(call)
  const polled = alarms.refresh()
  await alarms.act(alarm('alm-1'), 'close', { reason: 'mended' })
  release()
  await polled
  expect([alarms.list, alarms.open]).toEqual([[], 0])
})
