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
  vi.stubGlobal('document', { documentElement: { lang: '' } })
  vi.stubGlobal('navigator', {
    language: 'en-GB',
    languages: ['en-GB'],
    locks: { request: (_name: string, work: () => Promise<unknown>) => work() },
  })
}

export interface Asked {
  readonly method: string
  readonly path: string
  readonly body: unknown
  readonly token: string | null
}

/** A gateway whose answers a test gives: what `answers` throws is a network that is away. */
export class Gateway {
  readonly asked: Asked[] = []
  /** Who logs in next, or whose session is renewed. */
  who = 'usr-one'
  answers: (asked: Asked) => Promise<Response> | Response = () =>
    told(404, { code: 'not_found', detail: 'nothing' })

  constructor() {
    vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
      const headers = init.headers as Record<string, string>
      const asked = {
        method: init.method ?? 'GET',
        path,
        body: typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : null,
        token: headers.Authorization ?? null,
      }
      if (path.startsWith('/v1/session')) return this.#session()
      this.asked.push(asked)
      return this.answers(asked)
    })
  }

  of(path: string): readonly Asked[] {
    return this.asked.filter((asked) => asked.path === path)
  }

  #session(): Response {
    const mqtt = { client_id: this.who, username: this.who, password: 'secret' }
    return told(200, { access_token: this.who, expires_in_s: 900, account: account(this.who), mqtt })
  }
}

export function told(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status })
}
