import type { Dial } from '../src/device/wire'
import { encode } from '../src/protocol/envelope'
import type { MessageTypes, TopicName } from '../src/protocol/generated'
import { topic, type TypeOn } from '../src/protocol/topics'

export const account = { id: 'cou-1', role: 'courier', name: 'One', region: 'demo' } as const
const at = (name: TopicName) => topic(name, { region: 'demo', courier: 'cou-1' })

interface Published {
  readonly id: string
  readonly type: string
  readonly journalid: string
  readonly seq: number
  readonly bootid: string
  readonly data: unknown
}

/** A broker of one courier, that a test can cut off. */
export class Broker {
  dials: Dial[] = []
  published: { topic: string; payload: string }[] = []
  refuses = 0
  /** Whether questions for the time are answered at once, with the time of this machine. */
  tellsTime = true
  #said = 0

  dial = (dial: Dial) => {
    if (this.refuses-- > 0) return Promise.reject(new Error('refused'))
    this.dials.push(dial)
    return Promise.resolve({
      publish: (name: string, payload: string) => {
        this.published.push({ topic: name, payload })
        const probe = name === at('courier_time') && this.tellsTime ? this.heard('courier_time').at(-1) : null
        if (probe != null) queueMicrotask(() => this.tellTime(new Date().toISOString(), probe))
      },
      end: () => dial.events.lost(false),
    })
  }

  heard(name: TopicName): Published[] {
    return this.published
      .filter((message) => message.topic === at(name))
      .map((message) => JSON.parse(message.payload) as Published)
  }

  events(): Published[] {
    return this.heard('courier_event')
  }

  /** Says something as the platform does. */
  say<N extends TopicName, T extends TypeOn<N>>(
    name: N,
    type: T,
    data: MessageTypes[T],
    attributes: { correlationid?: string; expirytime?: string } = {},
  ): void {
    const message = encode(type, data, {
      id: `said-${String(++this.#said)}`,
      source: 'dispatch/dsp-main',
      time: '2026-11-23T12:00:00.000Z',
      ...attributes,
    })
    this.dials.at(-1)?.events.arrived(at(name), new TextEncoder().encode(message), false)
  }

  /** Answers the last question for the time. */
  tellTime(platformTime: string, probe = this.heard('courier_time').at(-1)): void {
    const reply = { platform_time: platformTime, sent_uptime_ms: 0 }
    this.say('courier_clock', 'chargeloop.common.time_reply.v1', reply, { correlationid: probe?.id ?? '' })
  }

  acknowledge(journal: string, seq: number, gap = false): void {
    this.say('courier_ack', 'chargeloop.common.journal_ack.v1', { journal, seq, gap })
  }

  /** The network is lost. */
  cut(): void {
    this.dials.at(-1)?.events.lost(false)
  }

  /** Somebody else has connected under the same name. */
  end(): void {
    this.dials.at(-1)?.events.lost(true)
  }
}
