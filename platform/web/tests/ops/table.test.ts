import { expect, test } from 'vitest'
import { arranged, type Column, csv, rowsInView } from '../../src/ops/table'

interface Row {
  readonly id: string
  readonly count: number
}

const COLUMNS: readonly Column<Row>[] = [
  { key: 'id', label: 'Id', text: ({ id }) => id },
  { key: 'count', label: 'How many, now', text: ({ count }) => String(count), order: ({ count }) => count },
]
const ROWS: readonly Row[] = [
  { id: 'b', count: 9 },
  { id: 'a', count: 10 },
  { id: 'c', count: 9 },
]
const ids = (rows: readonly Row[]) => rows.map(({ id }) => id).join('')

test('numbers are sorted as numbers, and equal ones keep their order', () => {
  expect(ids(arranged(ROWS, COLUMNS, '', { key: 'count', down: false }))).toBe('bca')
  expect(ids(arranged(ROWS, COLUMNS, '', { key: 'count', down: true }))).toBe('abc')
})

test('a search wants all its words, in any column', () => {
  expect(ids(arranged(ROWS, COLUMNS, 'C 9', { key: 'id', down: false }))).toBe('c')
  expect(ids(arranged(ROWS, COLUMNS, 'c 10', { key: 'id', down: false }))).toBe('')
})

test('CSV quotes what must be quoted, and hands a spreadsheet no formula', () => {
  const rows = [
    { id: 'x "y"', count: -1 },
    { id: '=1+1', count: 0 },
  ]
  expect(csv(rows, COLUMNS)).toBe('Id,"How many, now"\r\n"x ""y""",-1\r\n\'=1+1,0\r\n')
})

test('of many rows only those in view are drawn, and some around them', () => {
  expect(rowsInView(44_000, 440, 44, 5_000)).toEqual({ from: 994, to: 1_016 })
  expect(rowsInView(0, 440, 44, 3)).toEqual({ from: 0, to: 3 })
  expect(rowsInView(99_999, 440, 44, 3)).toEqual({ from: 3, to: 3 })
})

test('what is cut for want of room is saved whole', () => {
  const column: Column<Row> = { key: 'id', label: 'Id', text: () => 'x', whole: ({ id }) => `${id}yz` }
  expect(csv([{ id: 'x', count: 0 }], [column])).toBe('Id\r\nxyz\r\n')
})
