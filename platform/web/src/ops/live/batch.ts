/** Messages on their way from the worker to the page: many at once, in a few plain arrays. */

export interface Batch {
  readonly topics: readonly string[]
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Where each payload ends in `bytes`; each begins where the one before ends. */
  readonly ends: Uint32Array<ArrayBuffer>
  readonly times: Float64Array<ArrayBuffer>
  readonly retained: Uint8Array<ArrayBuffer>
}

export class Packer {
  #topics: string[] = []
  #payloads: Uint8Array[] = []
  #times: number[] = []
  #retained: number[] = []
  /** How much lies here. */
  size = 0

  get count(): number {
    return this.#topics.length
  }

  add(topic: string, payload: Uint8Array, atMs: number, retained: boolean): void {
    this.#topics.push(topic)
    this.#payloads.push(payload)
    this.#times.push(atMs)
    this.#retained.push(retained ? 1 : 0)
    this.size += payload.byteLength
  }

  /** Returns at most so many messages, and forgets them. */
  take(most: number): Batch {
    const topics = this.#topics.splice(0, most)
    const payloads = this.#payloads.splice(0, most)
    const ends = new Uint32Array(topics.length)
    let end = 0
    for (const [index, payload] of payloads.entries()) ends[index] = end += payload.byteLength
    const bytes = new Uint8Array(end)
    for (const [index, payload] of payloads.entries()) bytes.set(payload, ends[index - 1] ?? 0)
    this.size -= end
    return {
      topics,
      bytes,
      ends,
      times: Float64Array.from(this.#times.splice(0, most)),
      retained: Uint8Array.from(this.#retained.splice(0, most)),
    }
  }
}
