import { vi } from 'vitest'

export const account = (id: string) => ({ id, role: 'user', name: id, region: 'demo' }) as const

/** What a browser has and Node.js has not, or keeps in a file. */
export function likeABrowser(): void {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  })
  vi.stubGlobal('document', { documentElement: { lang: '', dataset: {} } })
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }))
  vi.stubGlobal('navigator', {
    language: 'en-GB',
    languages: ['en-GB'],
    locks: { request: (...asked: unknown[]) => (asked.at(-1) as () => Promise<unknown>)() },
  })
}

interface Asked {
  readonly what: string
  readonly token: string | null
}

type Answer = () => Promise<Response> | Response

/** A gateway whose answers a test gives; what it gives none for is not there. */
export class Gateway {
  readonly asked: Asked[] = []
  /** What was asked about the session. */
  readonly sessions: string[] = []
  /** Who logs in next, or whose session is renewed. */
  who = 'usr-one'
  /** The world's clock, as the gateway tells it. */
  clock: { now: string; speed: number } | undefined = undefined
  readonly #answers = new Map<string, Answer>()

  constructor() {
    vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
      const headers = init.headers as Record<string, string>
      const what = `${init.method ?? 'GET'} ${path}`
      if (path.startsWith('/v1/session')) {
        this.sessions.push(what)
        return (this.#answers.get(what) ?? (() => this.session()))()
      }
      this.asked.push({ what, token: headers.Authorization ?? null })
      return (this.#answers.get(what) ?? nothing)()
    })
  }

  /** Answers from now on to what is asked like "GET /v1/me". */
  on(what: string, answer: Answer): void {
    this.#answers.set(what, answer)
  }

  /** How often that was asked. */
  count(what: string): number {
    return this.asked.filter((asked) => asked.what === what).length
  }

  /** The answer to who logs in, or whose session is renewed. */
  session(): Response {
    const mqtt = { client_id: this.who, username: this.who, password: 'secret' }
    const { who, clock } = this
    return told(200, { access_token: who, expires_in_s: 900, account: account(who), mqtt, clock })
  }
}

export function told(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status })
}

/** The answer of a network that is away. */
export const away = () => Promise.reject(new TypeError('the network is away'))

const nothing = () => told(404, { code: 'not_found', detail: 'nothing is here' })
