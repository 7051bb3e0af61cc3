/** The gateway over HTTP: JSON in, JSON out, and every error a Problem. */

/** What the gateway, or the way to it, says when something cannot be done. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly retryAfterS: number | null = null,
    readonly available: number | null = null,
  ) {
    super(detail)
  }

  /** Whether the request may succeed when it is repeated unchanged. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PATCH' | 'PUT'
  readonly body?: unknown
  readonly token?: string | null
  readonly key?: string
}

/** Returns the answer's body, or throws a Problem; status 0 means that the gateway was not reached. */
export async function call<T>(path: string, { method = 'GET', body, token, key }: Call = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (token != null) headers.Authorization = `Bearer ${token}`
  if (key !== undefined) headers['Idempotency-Key'] = key
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' }
  if (body !== undefined) init.body = JSON.stringify(body)
  const response = await reached(path, init)
  if (!response.ok) throw await problemOf(response)
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}

async function reached(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init)
  } catch (error) {
    throw new Problem(0, 'unreachable', error instanceof Error ? error.message : 'the network is away')
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const after = Number(response.headers.get('Retry-After') ?? NaN)
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>
  return new Problem(
    response.status,
    typeof body.code === 'string' ? body.code : 'unknown',
    typeof body.detail === 'string' ? body.detail : response.statusText,
    Number.isFinite(after) ? after : null,
    typeof body.available === 'number' ? body.available : null,
  )
}
