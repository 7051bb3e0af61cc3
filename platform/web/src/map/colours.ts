/** The colours of the ground beneath what the pages show, by day and by night. */

export interface Colours {
  readonly ground: string
  readonly block: string
  readonly park: string
  readonly water: string
  readonly street: string
  readonly name: string
}

const LIGHT: Colours = {
  ground: '#eceee8',
  block: '#e1e4dc',
  park: '#cfe3c8',
  water: '#bcd7e6',
  street: '#ffffff',
  name: '#5c6862',
}
const DARK: Colours = {
  ground: '#151b19',
  block: '#1a211f',
  park: '#1f3d2c',
  water: '#1b4256',
  street: '#45544e',
  name: '#aab8b1',
}

export function coloursOf(dark: boolean): Colours {
  return dark ? DARK : LIGHT
}

/** Returns the width of a street of so many metres, which grows with the zoom. */
export function streetWidth(metres: number): number {
  return ['interpolate', ['exponential', 2], ['zoom'], 12, metres / 27, 18, metres * 2.4] as unknown as number
}
