/** What has changed between two messages, member by member; codes are compared and not shown. */

import { jsonWithoutCodes } from './codes'

export interface Line {
  readonly depth: number
  readonly key: string
  /** JSON of a value; null for the beginning of an object or a list, whose members follow. */
  readonly text: string | null
  readonly mark: 'same' | 'new' | 'gone' | 'changed'
  /** What stood there before, of a value that has changed. */
  readonly before?: string
}

const MISSING = Symbol('missing')

/** Returns the lines of `after`, with what is new, gone or changed against `before`; undefined: nothing before. */
export function compared(after: unknown, before: unknown): Line[] {
  const lines: Line[] = []
  describe(lines, 0, '', after, before === undefined ? after : before)
  return lines
}

function describe(lines: Line[], depth: number, key: string, after: unknown, before: unknown): void {
  if (after === MISSING) {
    lines.push({ depth, key, text: jsonWithoutCodes(key, before), mark: 'gone' })
    return
  }
  if (!isParent(after)) {
    const text = jsonWithoutCodes(key, after)
    if (before === MISSING) lines.push({ depth, key, text, mark: 'new' })
    else if (JSON.stringify(before) === JSON.stringify(after)) lines.push({ depth, key, text, mark: 'same' })
    else lines.push({ depth, key, text, mark: 'changed', before: jsonWithoutCodes(key, before) })
    return
  }
  const mark = before === MISSING ? 'new' : isParent(before) ? 'same' : 'changed'
  lines.push(
    mark === 'changed'
      ? { depth, key, text: null, mark, before: jsonWithoutCodes(key, before) }
      : { depth, key, text: null, mark },
  )
  const [now, then] = [members(after), isParent(before) ? members(before) : new Map<string, unknown>()]
  const absent = before === MISSING || !isParent(before) ? MISSING : undefined
  for (const [name, value] of now)
    describe(lines, depth + 1, name, value, absent ?? (then.has(name) ? then.get(name) : MISSING))
  for (const [name, value] of then) if (!now.has(name)) describe(lines, depth + 1, name, MISSING, value)
}

function isParent(value: unknown): value is Record<string, unknown> | readonly unknown[] {
  return typeof value === 'object' && value !== null
}

/** Members by name. Slots of a list are told apart by their own number, so that one more moves none of the others. */
function members(parent: Record<string, unknown> | readonly unknown[]): Map<string, unknown> {
  if (!Array.isArray(parent)) return new Map(Object.entries(parent))
  return new Map((parent as readonly unknown[]).map((item, index) => [nameOf(item, index), item]))
}

function nameOf(item: unknown, index: number): string {
  const slot = isParent(item) && !Array.isArray(item) ? (item as Record<string, unknown>).slot : undefined
  return typeof slot === 'number' ? `slot ${slot}` : String(index)
}
