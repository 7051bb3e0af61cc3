/**
 * Codes that open a cabinet or prove a hand-over: operators' messages have them, and many may look at a screen.
 *
 * The `code` of a refusal is a word, and is shown. So short a code is found from its hash in no time.
 */

const HIDDEN = '••••'
const CODES = new Set(['code', 'handover_code'])
const HASH = 'handover_sha256'
const IN_TEXT = /("(?:code|handover_code)"\s*:\s*)"[0-9]{4,8}"|("handover_sha256"\s*:\s*)"[^"]*"/g

/** Returns the JSON of a member of a message, with codes hidden in it. */
export function jsonWithoutCodes(name: string, value: unknown): string {
  return JSON.stringify(isCode(name, value) ? HIDDEN : value, (inner, member: unknown) =>
    isCode(inner, member) ? HIDDEN : member,
  )
}

/** Returns the text of what is no JSON, with what looks like a code hidden in it. */
export function textWithoutCodes(text: string): string {
  return text.replace(IN_TEXT, (_, code?: string, hash?: string) => `${code ?? hash ?? ''}"${HIDDEN}"`)
}

function isCode(name: string, value: unknown): boolean {
  if (name === HASH) return true
  return CODES.has(name) && /^[0-9]{4,8}$/.test(String(value))
}
