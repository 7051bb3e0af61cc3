/** The number on a bank, as people type it and as labels carry it. */

const ID = /^bnk-[a-z0-9]+(?:-[a-z0-9]+)*$/
const LONGEST = 48

/** Returns the bank's id: typed with or without its prefix, or at the end of a label's address; else null. */
export function bankId(text: string): string | null {
  const last = text.trim().toLowerCase().split(/[/=]/).at(-1) ?? ''
  const id = last.startsWith('bnk-') ? last : `bnk-${last}`
  return id.length <= LONGEST && ID.test(id) ? id : null
}
