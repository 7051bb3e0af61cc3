import { expect, test, vi } from 'vitest'
import type { Dial, Wire } from '../../src/device/wire'
import { type FromWorker, Hearing } from '../../src/ops/live/hearing'

/** A broker that lets each connection in, or refuses it, when a test says so. */
class Broker {
  readonly dials: { dial: Dial; open: () => void; refuse: () => void }[] = []
  readonly ended: number[] = []
  readonly published: string[] = []

  dial = (dial: Dial): Promise<Wire> =>
    new Promise((open, refuse) => {
      const number = this.dials.length
      const wire = {
        publish: (_: string, payload: string) => void this.published.push(payload),
        end: () => void this.ended.push(number),
      }
      this.dials.push({ dial, open: () => open(wire), refuse: () => refuse(new Error('refused')) })
    })
}

function hearing() {
  const broker = new Broker()
  const said: FromWorker[] = []
  return { broker, said, worker: new Hearing((message) => said.push(message), broker.dial) }
}

const CONNECT = {
  do: 'connect',
  ticket: 't',
  credentials: { client_id: 'opr-1', username: 'opr-1', password: 'x' },
  filters: [],
} as const

test('a connection that opens after the page has left is ended, and not told of', async () => {
  const { broker, said, worker } = hearing()
  worker.take(CONNECT)
  worker.take({ do: 'end' })
  broker.dials[0]?.open()
  await vi.waitFor(() => expect(broker.ended).toEqual([0]))
  expect(said).toEqual([])
})

test('what becomes of an older connection does not touch the one that followed', async () => {
  const { broker, said, worker } = hearing()
  worker.take(CONNECT)
  worker.take(CONNECT)
  broker.dials[1]?.open()
  await vi.waitFor(() => expect(said).toEqual([{ is: 'open' }]))
  broker.dials[0]?.refuse()
  broker.dials[0]?.dial.events.lost(false)
  // A turn of the event loop: the refusal has been heard.
  await new Promise((resolve) => setTimeout(resolve))
  expect(said).toEqual([{ is: 'open' }])
  expect(broker.ended).toEqual([])
  broker.dials[1]?.dial.events.lost(true)
  expect(said.at(-1)).toMatchObject({ is: 'lost', ended: true })
})

test('what is published without a connection is told not to be sent', async () => {
  const { broker, said, worker } = hearing()
  worker.take({ do: 'publish', number: 1, topic: 'a', payload: 'lost' })
  expect(said).toEqual([{ is: 'published', number: 1, sent: false }])
  worker.take(CONNECT)
  broker.dials[0]?.open()
  await vi.waitFor(() => expect(said.at(-1)).toEqual({ is: 'open' }))
  worker.take({ do: 'publish', number: 2, topic: 'a', payload: 'sent' })
  expect(said.at(-1)).toEqual({ is: 'published', number: 2, sent: true })
  expect(broker.published).toEqual(['sent'])
})
