/** Topic filters as MQTT has them: `+` is one level, `#` is all that follows. */

export type TopicTest = (topic: string) => boolean

/** Returns what tells whether a topic fits, or null when the filter is malformed. An empty filter fits all. */
export function topicTest(filter: string): TopicTest | null {
  const wanted = filter.trim()
  if (wanted === '' || wanted === '#') return () => true
  const levels = wanted.split('/')
  for (const [index, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || index !== levels.length - 1)) return null
    if (level.includes('+') && level !== '+') return null
  }
  const open = levels.at(-1) === '#'
  if (open) levels.pop()
  if (!levels.includes('+')) {
    const plain = levels.join('/')
    return open ? (topic) => topic === plain || topic.startsWith(`${plain}/`) : (topic) => topic === plain
  }
  return (topic) => fits(levels, open, topic)
}

function fits(levels: readonly string[], open: boolean, topic: string): boolean {
  let start = 0
  for (const [index, level] of levels.entries()) {
    if (start > topic.length) return false
    const slash = topic.indexOf('/', start)
    const end = slash === -1 ? topic.length : slash
    if (level !== '+' && (end - start !== level.length || !topic.startsWith(level, start))) return false
    if (index === levels.length - 1) return open || end === topic.length
    start = end + 1
  }
  return open
}
