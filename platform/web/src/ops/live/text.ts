/** What is read of a payload for show, whatever it is. */

const lenient = new TextDecoder()
const TYPE = /"type"\s*:\s*"([^"]{1,80})"/

export function textOf(bytes: Uint8Array): string {
  return lenient.decode(bytes)
}

/** Returns the type that a payload claims, without reading all of it; empty when it claims none. */
export function typeIn(bytes: Uint8Array): string {
  return TYPE.exec(textOf(bytes.subarray(0, 600)))?.[1] ?? ''
}

/** Returns the value of a payload, or undefined when it is no JSON. */
export function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes)) as unknown
  } catch {
    return undefined
  }
}
