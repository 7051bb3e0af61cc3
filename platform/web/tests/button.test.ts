import { createRawSnippet } from 'svelte'
import { render } from 'svelte/server'
import { expect, test } from 'vitest'
import Button from '../src/ui/Button.svelte'

const children = createRawSnippet(() => ({ render: () => '<span>Go</span>' }))

test('a button that is busy keeps the focus: it is not disabled, and says that it takes no click', async () => {
  const { body } = await render(Button, { props: { busy: true, children } })
  expect(body).toContain('aria-disabled="true"')
  expect(body).not.toMatch(/\sdisabled/)
  expect((await render(Button, { props: { disabled: true, children } })).body).toMatch(/\sdisabled/)
})
