/** Sound and vibration for an offer. A browser that has not been touched yet stays silent, which is its rule. */

let audio: AudioContext | null = null

/** Call it from a touch: browsers play nothing before. */
export function allowSound(): void {
  audio ??= new AudioContext()
  void audio.resume()
}

export function ring(): void {
  navigator.vibrate([200, 100, 200])
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
