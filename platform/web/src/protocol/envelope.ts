/** The envelope: CloudEvents around typed data, made and checked at the border. */

import { fault } from './check'
import { type Envelope, type MessageType, type MessageTypes, SCHEMA_OF, TOPICS } from './generated'
import { placeOf } from './topics'

/** A message that has been checked: its data is of its type, and the type is allowed on its topic. */
export type Message = {
  [T in MessageType]: Omit<Envelope, 'type' | 'data'> & { readonly type: T; readonly data: MessageTypes[T] }
}[MessageType]

export interface Arrived {
  readonly topic: string
  readonly ids: Readonly<Record<string, string>>
  readonly message: Message
}

/** Why a payload was not taken. */
export class Refused extends Error {}

const MOST_BYTES = 8 * 1024
const OWNER_OF_SOURCE = /^([a-z]+)\/([a-z0-9-]+)$/
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Returns the message of a payload.
 *
 * Throws Refused: the payload is no message, is not of its type, or does not belong on the topic.
 */
export function decode(topic: string, payload: Uint8Array): Arrived {
  const place = placeOf(topic)
  if (place === null) throw new Refused(`${topic} is not in the topic table`)
  if (payload.byteLength > MOST_BYTES) throw new Refused('the message is too large')
  const value = parsed(payload)
  const wrong = fault('Envelope', value)
  if (wrong !== null) throw new Refused(wrong)
  const envelope = value as Envelope
  const spec = TOPICS[place.name]
  if (!(spec.messages as readonly string[]).includes(envelope.type)) {
    throw new Refused(`${envelope.type} does not belong on ${topic}`)
  }
  const [, role, sender] = OWNER_OF_SOURCE.exec(envelope.source) ?? []
  const writer = place.ids[spec.writer]
  if (role !== spec.writer || (writer !== undefined && writer !== sender)) {
    throw new Refused(`${envelope.source} does not write ${topic}`)
  }
  const type = envelope.type as MessageType
  const dataFault = fault(SCHEMA_OF[type], envelope.data)
  if (dataFault !== null) throw new Refused(dataFault)
  return { topic, ids: place.ids, message: envelope as unknown as Message }
}

/** Returns the bytes of a message, after checking its data as a receiver would. */
export function encode<T extends MessageType>(
  type: T,
  data: MessageTypes[T],
  attributes: Omit<Envelope, 'type' | 'data' | 'specversion' | 'datacontenttype'>,
): string {
  const wrong = fault(SCHEMA_OF[type], data)
  if (wrong !== null) throw new Refused(wrong)
  return JSON.stringify({
    specversion: '1.0',
    ...attributes,
    type,
    datacontenttype: 'application/json',
    data,
  })
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload))
  } catch (error) {
    throw new Refused('the payload is no JSON', { cause: error })
  }
}
