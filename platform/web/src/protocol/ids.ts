/** Ids as people read them. */

/** Returns the id without the prefix that all of its kind have. */
export function shortId(id: string): string {
  return id.replace(/^[a-z]{3}-/, '')
}
