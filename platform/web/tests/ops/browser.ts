/** What the console's modules ask their browser for when they are loaded: to be imported before them. */

import { vi } from 'vitest'

vi.stubEnv('TZ', 'UTC')
vi.stubGlobal('localStorage', { getItem: () => 'en' })
vi.stubGlobal('document', { documentElement: {} })
vi.stubGlobal('navigator', { language: 'en-US', languages: ['en-US'] })
vi.stubGlobal('location', { pathname: '/ops' })
vi.stubGlobal('addEventListener', () => undefined)
