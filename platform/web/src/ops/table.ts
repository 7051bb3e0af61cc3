/** Tables: searched, sorted, and written as CSV. */

export interface Column<T> {
  readonly key: string
  readonly label: string
  /** What is shown, searched and, as a rule, exported. */
  text(row: T): string
  /** What is exported, when more is known than there is room for. */
  whole?(row: T): string
  /** What is sorted by, when it is not the text. */
  order?(row: T): number | string
  readonly right?: boolean
  /** A column that is left out where there is little room. */
  readonly minor?: boolean
  /** A column of ids, which are cut where there is little room. */
  readonly slim?: boolean
  /** A column of words, which gets what room the others leave. */
  readonly wide?: boolean
}

export interface Sorting {
  readonly key: string
  readonly down: boolean
}

/** Returns the rows that have all the words of `query` in their columns, in the order that is asked for. */
export function arranged<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  query: string,
  sorting: Sorting,
): T[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const found = words.length === 0 ? [...rows] : rows.filter((row) => has(row, columns, words))
  const column = columns.find(({ key }) => key === sorting.key)
  if (column === undefined) return found
  const order = column.order?.bind(column) ?? column.text.bind(column)
  const keyed = found.map((row) => ({ row, by: order(row) }))
  const sign = sorting.down ? -1 : 1
  keyed.sort((one, other) => (one.by < other.by ? -sign : one.by > other.by ? sign : 0))
  return keyed.map(({ row }) => row)
}

function has<T>(row: T, columns: readonly Column<T>[], words: readonly string[]): boolean {
  const text = columns
    .map((column) => column.text(row))
    .join('\n')
    .toLowerCase()
  return words.every((word) => text.includes(word))
}

/** Returns the rows as RFC 4180 has them, with a head. */
export function csv<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const lines = [columns.map(({ label }) => cell(label))]
  for (const row of rows) lines.push(columns.map((column) => cell(column.whole?.(row) ?? column.text(row))))
  return `${lines.map((line) => line.join(',')).join('\r\n')}\r\n`
}

/** Quotes a cell; what a spreadsheet would take for a formula is made text. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+([.,]\d+)?$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export interface Window {
  readonly from: number
  readonly to: number
}

/** Returns which rows are to be drawn, a few more than are seen. */
export function rowsInView(
  scrolledPx: number,
  heightPx: number,
  rowPx: number,
  count: number,
  more = 6,
): Window {
  const from = Math.max(0, Math.min(count, Math.floor(scrolledPx / rowPx) - more))
  return { from, to: Math.min(count, Math.ceil((scrolledPx + heightPx) / rowPx) + more) }
}
