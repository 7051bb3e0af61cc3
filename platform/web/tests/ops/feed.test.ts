import { afterEach, expect, test, vi } from 'vitest'
import { Feed } from '../../src/ops/live/feed.svelte'
import type { FromWorker, ToWorker } from '../../src/ops/live/hearing'

afterEach(() => void vi.unstubAllGlobals())

/** A browser whose lock is taken by another page when a test says so. */
function browser(): { takeLock: () => void } {
  let takeLock: () => void = () => undefined
  const request = () =>
    new Promise((_, refuse) => (takeLock = () => refuse(new DOMException('stolen', 'AbortError'))))
  vi.stubGlobal('navigator', { locks: { request } })
  vi.stubGlobal('requestAnimationFrame', () => 0)
  vi.stubGlobal('cancelAnimationFrame', () => undefined)
  return { takeLock: () => takeLock() }
}

function begun() {
  const said: ToWorker['do'][] = []
  const worker = {
    onmessage: null as ((event: { data: FromWorker }) => void) | null,
    postMessage: (message: ToWorker) => said.push(message.do),
    terminate: () => undefined,
  }
  const feed = new Feed({
    account: { id: 'opr-1', role: 'operator', name: 'One', region: 'demo' },
    admit: () =>
      Promise.resolve({ ticket: 't', credentials: { client_id: 'opr-1', username: 'opr-1', password: 'x' } }),
    worldMs: (machineMs) => machineMs,
    worker: () => worker as unknown as Worker,
  })
  return { feed, said, hear: (data: FromWorker) => worker.onmessage?.({ data }) }
}

test('a page that another has taken over from stays so, though its connection was just opening', async () => {
  const { takeLock } = browser()
  const { feed, said, hear } = begun()
  await vi.waitFor(() => expect(said).toEqual(['connect']))
  takeLock()
  await vi.waitFor(() => expect(said).toEqual(['connect', 'end']))
  hear({ is: 'open' })
  expect(feed.state).toBe('elsewhere')
  feed.stop()
})

test('who publishes is told whether it was sent', async () => {
  browser()
  const { feed, said, hear } = begun()
  expect(await feed.publish('a', 'b')).toBe(false)
  hear({ is: 'open' })
  const [first, second] = [feed.publish('a', 'b'), feed.publish('a', 'c')]
  hear({ is: 'published', number: 1, sent: true })
  hear({ is: 'published', number: 2, sent: false })
  expect([await first, await second]).toEqual([true, false])
  expect(said.filter((what) => what === 'publish')).toHaveLength(2)
  feed.stop()
})
