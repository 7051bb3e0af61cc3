/** Topics by name: how they are written, read and recognised. */

import { type MessageTypes, TOPICS, type TopicName } from './generated'

type Table = typeof TOPICS
/** The types of message that a topic may carry. */
export type TypeOn<N extends TopicName> = Table[N]['messages'][number]
/** The data that a topic may carry. */
export type DataOn<N extends TopicName> = MessageTypes[TypeOn<N>]

export interface Place {
  readonly name: TopicName
  readonly ids: Readonly<Record<string, string>>
}

const PARSERS: readonly (readonly [TopicName, RegExp])[] = (Object.keys(TOPICS) as TopicName[]).map(
  (name) => [name, new RegExp(`^${TOPICS[name].pattern.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`)],
)

/** Returns the topic for these ids. An id that is missing becomes `+`, so the result is then a filter. */
export function topic(name: TopicName, ids: Readonly<Record<string, string>>): string {
  return TOPICS[name].pattern.replace(/\{(\w+)\}/g, (_, id: string) => ids[id] ?? '+')
}

/** Returns which topic of the table this is, with its ids (the region included), or null. */
export function placeOf(text: string): Place | null {
  for (const [name, parser] of PARSERS) {
    const found = parser.exec(text)
    if (found !== null) return { name, ids: { ...found.groups } }
  }
  return null
}
