/** The colours of what the map of the region shows, by day and by night; its legend has the same. */

export interface MapColours {
  readonly good: string
  readonly low: string
  readonly fault: string
  readonly offline: string
  readonly ring: string
  readonly text: string
  readonly courier: string
  /** Within the ring of a courier without a job. */
  readonly idle: string
  readonly out: string
  readonly back: string
  readonly chosen: string
}

const LIGHT: MapColours = {
  good: '#0b6b57',
  low: '#a66200',
  fault: '#c22a20',
  offline: '#6b7671',
  ring: '#ffffff',
  text: '#ffffff',
  courier: '#1f5fc4',
  idle: '#b9d0f5',
  out: '#1f5fc4',
  back: '#7a3fb0',
  chosen: '#17211e',
}
const DARK: MapColours = {
  good: '#3fb795',
  low: '#e5a53a',
  fault: '#ff7a6e',
  offline: '#7f8b86',
  ring: '#0f1412',
  text: '#07130f',
  courier: '#7fb0ff',
  idle: '#2c4a78',
  out: '#7fb0ff',
  back: '#cf9bff',
  chosen: '#ffffff',
}

export function coloursOf(dark: boolean): MapColours {
  return dark ? DARK : LIGHT
}
