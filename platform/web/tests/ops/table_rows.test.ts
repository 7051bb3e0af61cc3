import { render } from 'svelte/server'
import { expect, test } from 'vitest'
import './browser'
import Table from '../../src/ops/Table.svelte'

const props = {
  label: 'Couriers',
  rows: [{}],
  columns: [{ key: 'id', label: 'Courier', text: () => 'cou-1' }],
  sorting: { key: 'id', down: false },
  id: () => 'cou-1',
  file: 'couriers',
}

/** Returns by what a row begins, as keys reach it. */
function begins(more: object): string | undefined {
  const { body } = render(Table, { props: { ...props, ...more } })
  return /<(\w+)[^>]*class="[^"]*\bname\b[^>]*>cou-1</.exec(body)?.[1]
}

test('a row that can be chosen and has no page of its own is chosen by a button', () => {
  expect(begins({ choose: () => undefined })).toBe('button')
  expect(begins({ choose: () => undefined, href: () => '/ops' })).toBe('a')
  expect(begins({})).toBe('span')
})

test('a table of the first rows says of how many they are', () => {
  const said = (more: object) => render(Table, { props: { ...props, ...more } }).body
  expect(said({ total: 812 })).toContain('1 of 812 rows')
  expect(said({ total: 1 })).toContain('1 row<')
})
