import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { away, Gateway, likeABrowser, told } from './gateway'

let gateway: Gateway

beforeEach(() => {
  vi.resetModules()
  likeABrowser()
  gateway = new Gateway()
})
afterEach(() => vi.unstubAllGlobals())

async function loggedIn() {
  const { session } = await import('../src/session/session.svelte')
  await session.logIn('one', 'password')
  return session
}

test('a token that has ended is renewed once', async () => {
  const session = await loggedIn()
  gateway.on('GET /v1/me', () =>
    gateway.asked.length === 1 ? told(401, { code: 'unauthorized' }) : told(200, 'done'),
  )
  expect(await session.call('/v1/me', {}, 'usr-one')).toBe('done')
  expect(gateway.asked).toHaveLength(2)
})

test('what one person asked for is not sent for another who logs in meanwhile', async () => {
  const session = await loggedIn()
  gateway.on('POST /v1/orders', () => {
    gateway.who = 'usr-two'
    return told(401, { code: 'unauthorized' })
  })
  const order = { method: 'POST', body: 'an order' } as const
  await expect(session.call('/v1/orders', order, 'usr-one')).rejects.toMatchObject({ status: 401 })
  expect(session.account?.id).toBe('usr-two')
  await expect(session.call('/v1/orders', order, 'usr-one')).rejects.toMatchObject({ status: 401 })
  expect(gateway.asked.map((asked) => asked.token)).toEqual(['Bearer usr-one'])
})

test('who has logged out in another tab has logged out here, at once', async () => {
  const session = await loggedIn()
  session.heard({ key: 'chargeloop-map' })
  expect(session.account?.id).toBe('usr-one')
  localStorage.removeItem('chargeloop-session')
  session.heard({ key: 'chargeloop-session' })
  expect([session.account, session.mqtt, session.over]).toEqual([null, null, true])
})

test('a page that has not heard of the log-out learns it when it asks', async () => {
  const session = await loggedIn()
  localStorage.removeItem('chargeloop-session')
  expect(await session.restore()).toBe(false)
  expect([session.account, session.over]).toEqual([null, true])
  expect(gateway.sessions).toEqual(['POST /v1/session'])
})

test('a session that is renewed while another tab logs out is not gone on with', async () => {
  const session = await loggedIn()
  gateway.on('POST /v1/session/refresh', () => {
    localStorage.removeItem('chargeloop-session')
    return gateway.session()
  })
  expect(await session.restore()).toBe(false)
  expect([session.account, session.over]).toEqual([null, true])
  expect(localStorage.getItem('chargeloop-session')).toBeNull()
})

const LOG_OUT = 'DELETE /v1/session'
const REFRESH = 'POST /v1/session/refresh'
const ended = () => new Response(null, { status: 204 })

/** The page as it is loaded again. */
async function reloaded() {
  vi.resetModules()
  return (await import('../src/session/session.svelte')).session
}

test('a log-out without a network is made up for, and nobody is let in by the old cookie before', async () => {
  const session = await loggedIn()
  gateway.on(LOG_OUT, away)
  await expect(session.logOut()).rejects.toMatchObject({ status: 0 })
  vi.useFakeTimers()
  const after = await reloaded()
  expect(await after.restore()).toBe(false)
  // As a tab of before leaves it that was renewing the session at that moment.
  localStorage.setItem('chargeloop-session', 'yes')
  expect(await after.restore()).toBe(false)
  gateway.on(LOG_OUT, ended)
  await vi.advanceTimersByTimeAsync(10_000)
  vi.useRealTimers()
  await vi.waitFor(() => expect(localStorage.getItem('chargeloop-leaving')).toBeNull())
  const tries = gateway.sessions.filter((what) => what === LOG_OUT).length
  expect(tries).toBeGreaterThan(2)
  expect(gateway.sessions).not.toContain(REFRESH)
})

test('a new log-in ends the session that was left, or takes its place', async () => {
  const session = await loggedIn()
  gateway.on(LOG_OUT, away)
  await expect(session.logOut()).rejects.toMatchObject({ status: 0 })
  gateway.sessions.length = 0
  await session.logIn('two', 'password')
  expect(gateway.sessions).toEqual([LOG_OUT, 'POST /v1/session'])
  gateway.sessions.length = 0
  expect(await (await reloaded()).restore()).toBe(true)
  expect(gateway.sessions).toEqual([REFRESH])
})

test('a log-out that is answered, by a refusal too, is not repeated', async () => {
  for (const answer of [ended, () => told(403, { code: 'wrong_origin' })]) {
    const session = await loggedIn()
    gateway.on(LOG_OUT, answer)
    await session.logOut()
    gateway.sessions.length = 0
    expect(await (await reloaded()).restore()).toBe(false)
    expect(gateway.sessions).toEqual([])
  }
})

test('after a sleep the world’s time has gone on, and is asked for as soon as there is a network', async () => {
  vi.useFakeTimers()
  const started = Date.parse('2026-11-23T12:00:00Z')
  const minutes = (session: { now: () => number }) => (session.now() - started) / 60_000
  const [wall, uptime] = [vi.spyOn(Date, 'now'), vi.spyOn(performance, 'now')]
  const passed = (awakeMs: number, sleptMs: number) => {
    uptime.mockReturnValue(1_000 + awakeMs)
    wall.mockReturnValue(1_700_000_000_000 + awakeMs + sleptMs)
  }
  passed(0, 0)
  gateway.clock = { now: '2026-11-23T12:00:00Z', speed: 2 }
  const session = await loggedIn()
  passed(60_000, 0)
  expect(minutes(session)).toBe(2)
  gateway.on(REFRESH, away)
  passed(60_000, 600_000)
  expect([minutes(session), minutes(session)]).toEqual([22, 22])
  await vi.advanceTimersByTimeAsync(1)
  expect(gateway.sessions).toContain(REFRESH)
  gateway.clock = { now: '2026-11-23T12:25:00Z', speed: 2 }
  gateway.on(REFRESH, () => gateway.session())
  await vi.advanceTimersByTimeAsync(5_000)
  expect(minutes(session)).toBe(25)
  // A clock that is set back makes nothing younger.
  passed(60_000, -600_000)
  expect(minutes(session)).toBe(25)
  vi.restoreAllMocks()
  vi.useRealTimers()
})
