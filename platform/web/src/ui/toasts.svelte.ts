/** Short news that go away by themselves. */

export interface Toast {
  readonly id: number
  readonly text: string
  readonly bad: boolean
}

const SHOWN_MS = 6_000
let next = 1

export const toasts = $state<Toast[]>([])

export function toast(text: string, { bad = false } = {}): void {
  const id = next++
  toasts.push({ id, text, bad })
  setTimeout(() => dismiss(id), SHOWN_MS)
}

export function dismiss(id: number): void {
  const index = toasts.findIndex((shown) => shown.id === id)
  if (index >= 0) toasts.splice(index, 1)
}
