/**
 * The connection to the broker, away from the page: what arrives is unpacked here and handed over in batches.
 *
 * A page that does not keep up gets no more than a few batches ahead of it; what waits here is bounded, and a
 * page that falls behind further begins anew, for the retained states bring it up to date.
 */

import { dial, type Wire } from '../../device/wire'
import type { Credentials } from '../../session/session.svelte'
import { type Batch, Packer } from './batch'

export type ToWorker =
  | {
      readonly do: 'connect'
      readonly ticket: string
      readonly credentials: Credentials
      readonly filters: readonly string[]
    }
  | { readonly do: 'publish'; readonly topic: string; readonly payload: string }
  | { readonly do: 'taken' }
  | { readonly do: 'end' }

export type FromWorker =
  | { readonly is: 'open' }
  | { readonly is: 'lost'; readonly why: string; readonly overrun: boolean }
  | { readonly is: 'batch'; readonly batch: Batch }

const GATHER_MS = 40
const MOST_IN_BATCH = 500
const MOST_AHEAD = 4
const MOST_BYTES = 32 * 1024 * 1024

const port = self as unknown as {
  postMessage(message: FromWorker, transfer: Transferable[]): void
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null
}
let packer = new Packer()
let wire: Wire | null = null
let ahead = 0
let timer: ReturnType<typeof setTimeout> | null = null

port.onmessage = ({ data }) => {
  if (data.do === 'connect') void connect(data)
  else if (data.do === 'publish') wire?.publish(data.topic, data.payload, { qos: 1, retain: false })
  else if (data.do === 'end') leave()
  else {
    ahead -= 1
    if (packer.count > 0) plan()
  }
}

async function connect({
  ticket,
  credentials,
  filters,
}: Extract<ToWorker, { do: 'connect' }>): Promise<void> {
  leave()
  try {
    wire = await dial({
      ticket,
      credentials,
      will: null,
      filters,
      events: { arrived, lost: () => lost('the connection was lost', false) },
    })
    say({ is: 'open' })
  } catch (error) {
    lost(error instanceof Error ? error.message : String(error), false)
  }
}

function leave(): void {
  wire?.end()
  wire = null
  packer = new Packer()
}

function lost(why: string, overrun: boolean): void {
  leave()
  say({ is: 'lost', why, overrun })
}

function arrived(topic: string, payload: Uint8Array, retained: boolean): void {
  packer.add(topic, payload, Date.now(), retained)
  if (packer.size > MOST_BYTES) lost('the page does not keep up', true)
  else plan()
}

function plan(): void {
  if (timer !== null || ahead >= MOST_AHEAD) return
  timer = setTimeout(flush, GATHER_MS)
}

function flush(): void {
  timer = null
  while (packer.count > 0 && ahead < MOST_AHEAD) {
    const batch = packer.take(MOST_IN_BATCH)
    ahead += 1
    say({ is: 'batch', batch }, [
      batch.bytes.buffer,
      batch.ends.buffer,
      batch.times.buffer,
      batch.retained.buffer,
    ])
  }
}

function say(message: FromWorker, transfer: Transferable[] = []): void {
  port.postMessage(message, transfer)
}
