/** One connection to the broker, through the relay of the gateway's own origin. */

import type { Credentials } from '../session/session.svelte'

export interface Will {
  readonly topic: string
  readonly payload: string
}

export interface WireEvents {
  arrived(topic: string, payload: Uint8Array, retained: boolean): void
  /** `ended`: the broker has ended it, and no network lost it. */
  lost(ended: boolean): void
}

/** What a link needs of a connection. */
export interface Wire {
  publish(topic: string, payload: string, options: { qos: 0 | 1; retain: boolean }): void
  end(): void
}

export interface Dial {
  readonly ticket: string
  readonly credentials: Credentials
  readonly will: Will | null
  readonly filters: readonly string[]
  readonly events: WireEvents
}

const KEEPALIVE_S = 30
const CONNECT_MS = 10_000
// With this code the relay closes what the broker has ended (RFC 6455, section 7.4.1).
const NORMAL = 1000

/** Connects and subscribes; rejects when it cannot be done. */
export async function dial({ ticket, credentials, will, filters, events }: Dial): Promise<Wire> {
  // Loaded when it is needed: the log-in is there sooner.
  const { default: mqtt } = await import('mqtt')
  const url = new URL(`/mqtt?ticket=${encodeURIComponent(ticket)}`, location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  let ended = false
  const client = mqtt.connect(url.href, {
    createWebsocket: (address: string, protocols: string[]) => {
      const socket = new WebSocket(address, protocols)
      socket.addEventListener('close', ({ code }) => (ended = code === NORMAL))
      return socket
    },
    clientId: credentials.client_id,
    username: credentials.username,
    password: credentials.password,
    protocolVersion: 4,
    clean: true,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_MS,
    // A ticket is good for one connection, and what must arrive is kept by us.
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    ...(will === null
      ? {}
      : {
          will: { ...will, payload: new TextEncoder().encode(will.payload) as Buffer, qos: 1, retain: true },
        }),
  })
  let open = false
  let over = false
  const lose = () => {
    if (over) return
    over = true
    client.end(true)
    if (open) events.lost(ended)
  }
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve())
    client.on('close', () => {
      lose()
      reject(new Error('the connection was closed'))
    })
    client.on('error', (error) => {
      lose()
      reject(error)
    })
  })
  client.on('message', (topic, payload, { retain }) => events.arrived(topic, payload, retain))
  try {
    await client.subscribeAsync([...filters], { qos: 1 })
  } catch (error) {
    lose()
    throw error
  }
  if (client.disconnecting || !client.connected) throw new Error('the connection was closed')
  open = true
  return {
    publish: (topic, payload, { qos, retain }) => {
      client.publish(topic, payload, { qos, retain })
    },
    end: () => {
      over = true
      client.end(false)
    },
  }
}
