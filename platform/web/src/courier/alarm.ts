/** Sound and vibration for an offer. A browser that has not been touched yet stays silent, which is its rule. */

let audio: AudioContext | null = null

// A finger that is put down may be about to scroll: to browsers it is a touch when it is lifted.
const TOUCHES = ['pointerup', 'keydown'] as const

/** Lets touches of the page allow sound, each of them, since a browser may take it back; returns what ends that. */
export function soundByTouch(page: EventTarget): () => void {
  for (const touch of TOUCHES) page.addEventListener(touch, allowSound)
  return () => {
    for (const touch of TOUCHES) page.removeEventListener(touch, allowSound)
  }
}

function allowSound(): void {
  audio ??= new AudioContext()
  if (audio.state !== 'running') void audio.resume()
}

export function ring(): void {
  // Safari on a phone knows no vibration.
  if ('vibrate' in navigator) navigator.vibrate([200, 100, 200])
  if (audio?.state !== 'running') return
  for (const [after, hertz] of [
    [0, 880],
    [0.18, 1_175],
  ] as const) {
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    const begin = audio.currentTime + after
    tone.frequency.value = hertz
    volume.gain.setValueAtTime(0.0001, begin)
    volume.gain.exponentialRampToValueAtTime(0.25, begin + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + 0.3)
    tone.connect(volume).connect(audio.destination)
    tone.start(begin)
    tone.stop(begin + 0.32)
  }
}
