import { afterEach, expect, test, vi } from 'vitest'
import { Problem, call } from '../src/session/api'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const answering = (body: string, init: ResponseInit = {}) =>
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, init)))

const problem = async () => {
  const thrown: unknown = await call('/v1/me').catch((error: unknown) => error)
  if (!(thrown instanceof Problem)) throw new Error('expected a problem')
  return thrown
}

test('an answer of the gateway is its body, or nothing', async () => {
  answering('{"id": "usr-one"}')
  expect(await call('/v1/me')).toEqual({ id: 'usr-one' })
  answering('')
  expect(await call('/v1/me')).toBeUndefined()
})

test('a refusal of the gateway is told with its code', async () => {
  answering('{"code": "wrong_state", "detail": "too late"}', { status: 409 })
  expect(await problem()).toMatchObject({
    status: 409,
    code: 'wrong_state',
    message: 'too late',
    passes: false,
  })
})

test.each([200, 403, 404, 511])('what somebody else answers with %d is no answer', async (status) => {
  answering('<html>Welcome to our network</html>', { status })
  expect(await problem()).toMatchObject({ status: 0, passes: true })
})

test('a proxy that asks to come later is believed', async () => {
  answering('"busy"', { status: 503, headers: { 'Retry-After': '7' } })
  expect(await problem()).toMatchObject({ passes: true, retryAfterS: 7 })
})

/** A network that takes requests and answers none; `giveUp` is the end of the time a request has. */
function halfDead(answered: (signal: AbortSignal) => Promise<Response>): { giveUp: () => void } {
  const time = new AbortController()
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(time.signal)
  vi.stubGlobal('fetch', (_path: string, init: RequestInit) =>
    answered(init.signal ?? new AbortController().signal),
  )
  return { giveUp: () => time.abort(new DOMException('it took too long', 'TimeoutError')) }
}

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

test('a network that never answers is no network in the end', async () => {
  const network = halfDead(aborted)
  const asked = problem()
  network.giveUp()
  expect(await asked).toMatchObject({ status: 0, code: 'unreachable', passes: true })
})

test('an answer that stops half way is none', async () => {
  const network = halfDead((signal) => {
    const begun = new ReadableStream({
      start: (body) => {
        body.enqueue(new TextEncoder().encode('{"id": '))
        signal.addEventListener('abort', () => body.error(signal.reason))
      },
    })
    return Promise.resolve(new Response(begun))
  })
  const asked = problem()
  network.giveUp()
  expect(await asked).toMatchObject({ status: 0, code: 'unreachable', passes: true })
})
