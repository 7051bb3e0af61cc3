import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { coloursOf } from '../src/ops/map_colours'

const LEAST = 4.5
const [base, map] = ['ui/base.css', 'map/Map.svelte'].map((name) =>
  readFileSync(new URL(`../src/${name}`, import.meta.url), 'utf-8'),
) as [string, string]

/** Contrast of two colours (WCAG 2.2, relative luminance). */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Returns a colour of the pages by day and by night. */
function ofPages(name: string): readonly [string, string] {
  const [, light, dark] = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(base) ?? []
  if (light === undefined || dark === undefined) throw new Error(`no colour ${name}`)
  return [light, dark]
}

test('the number in a mark of a map can be read, also where it is faded', () => {
  const [, faded = ''] = /map-mark\.faded\)::before \{\s+background: var\(--([\w-]+)\)/.exec(map) ?? []
  const text = ofPages('on-accent')
  for (const name of ['accent', faded])
    for (const [at, colour] of ofPages(name).entries())
      expect(contrast(text[at] ?? '', colour), `${name} ${colour}`).toBeGreaterThanOrEqual(LEAST)
})

test.each([false, true])('the number on a cabinet of the region can be read (by night: %s)', (dark) => {
  const colours = coloursOf(dark)
  for (const state of ['good', 'low', 'fault', 'offline'] as const)
    expect(contrast(colours.text, colours[state]), state).toBeGreaterThanOrEqual(LEAST)
})
