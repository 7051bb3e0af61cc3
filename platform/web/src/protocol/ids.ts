/** Ids as people read them, and of messages that are named after others. */

/** Returns the id without the prefix that all of its kind have. */
export function shortId(id: string): string {
  return id.replace(/^[a-z]{3}-/, '')
}

const LONGEST = 128
const KEPT = 100

/** Returns the id of a message that is named after these; it is never longer than an id can be. */
export function messageId(...parts: readonly (string | number)[]): string {
  const id = parts.join('.')
  return id.length <= LONGEST ? id : `${id.slice(0, KEPT)}.${digest(id)}`
}

/** FNV-1a: what is cut off must tell ids apart, and guards nothing. */
function digest(text: string): string {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
