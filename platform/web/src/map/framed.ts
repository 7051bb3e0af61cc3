/** Which marks a map has been moved to show: nobody wants a map that jumps while they look around. */

export class Framed {
  readonly #ids = new Set<string>()

  /** Tells whether there are marks that it was never moved for, and notes them: one that moves is the same. */
  takes(marks: readonly { readonly id: string }[]): boolean {
    const before = this.#ids.size
    for (const { id } of marks) this.#ids.add(id)
    return this.#ids.size > before
  }
}
