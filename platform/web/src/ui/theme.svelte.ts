/** Light, dark, or as the system has it. */

export type Theme = 'system' | 'light' | 'dark'

export const THEMES: readonly Theme[] = ['system', 'light', 'dark']
const NAME = 'chargeloop-theme'

function first(): Theme {
  const chosen = localStorage.getItem(NAME)
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system'
}

const dark = matchMedia('(prefers-color-scheme: dark)')
let theme = $state<Theme>(first())
let systemIsDark = $state(dark.matches)
dark.addEventListener('change', () => (systemIsDark = dark.matches))
show()

export function chosenTheme(): Theme {
  return theme
}

export function isDark(): boolean {
  return theme === 'dark' || (theme === 'system' && systemIsDark)
}

export function chooseTheme(next: Theme): void {
  theme = next
  localStorage.setItem(NAME, next)
  show()
}

function show(): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}
