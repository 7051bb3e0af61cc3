import { expect, test, vi } from 'vitest'
import { ring, soundByTouch } from '../src/courier/alarm'

const tones: number[] = []

/** A browser's sound, which is suspended until it is asked for. */
class Sound {
  state = 'suspended'
  readonly currentTime = 0
  readonly destination = {}

  resume(): Promise<void> {
    this.state = 'running'
    return Promise.resolve()
  }

  createGain = () => ({
    gain: { setValueAtTime: () => undefined, exponentialRampToValueAtTime: () => undefined },
    connect: (next: unknown) => next,
  })

  createOscillator = () => ({
    frequency: { value: 0 },
    connect: (next: unknown) => next,
    start: (at: number) => tones.push(at),
    stop: () => undefined,
  })
}

test('an offer rings after any touch of the page, on a phone that cannot vibrate too', () => {
  vi.stubGlobal('AudioContext', Sound)
  vi.stubGlobal('navigator', {})
  const page = new EventTarget()
  const end = soundByTouch(page)
  ring()
  expect(tones).toEqual([])
  page.dispatchEvent(new Event('pointerup'))
  ring()
  expect(tones).toHaveLength(2)
  end()
  vi.unstubAllGlobals()
})
