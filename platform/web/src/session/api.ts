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

/** Longer than the gateway itself waits for the platform. */
const LONGEST_MS = 30_000

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PATCH' | 'PUT'
  readonly body?: unknown
  readonly token?: string | null
  readonly key?: string
}

/**
 * Returns the answer's body, or throws a Problem; status 0 means that the gateway was not reached: also when the answer
 * did not come in time, and when somebody else has answered in its place, as the log-in page of a café's network does.
 */
export async function call<T>(path: string, { method = 'GET', body, token, key }: Call = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (token != null) headers.Authorization = `Bearer ${token}`
  if (key !== undefined) headers['Idempotency-Key'] = key
  const signal = AbortSignal.timeout(LONGEST_MS)
  const init: RequestInit = { method, headers, signal, credentials: 'same-origin', cache: 'no-store' }
  if (body !== undefined) init.body = JSON.stringify(body)
  const response = await reached(path, init)
  const told = await bodyOf(response)
  if (!response.ok) throw problemOf(response, told)
  return told as T
}

async function reached(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init)
  } catch (error) {
    throw unreachable(error)
  }
}

function unreachable(error: unknown): Problem {
  return new Problem(0, 'unreachable', error instanceof Error ? error.message : 'the network is away')
}

/** Returns what was answered, undefined when that is nothing; the gateway answers in JSON, and others in HTML. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text().catch((error: unknown) => {
    throw unreachable(error)
  })
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    throw notTheGateway(response)
  }
}

function problemOf(response: Response, told: unknown): Problem {
  const body = (typeof told === 'object' ? told : null) as Record<string, unknown> | null
  if (typeof body?.code !== 'string') return notTheGateway(response)
  return new Problem(
    response.status,
    body.code,
    typeof body.detail === 'string' ? body.detail : response.statusText,
    retryAfterS(response),
    typeof body.available === 'number' ? body.available : null,
  )
}

function notTheGateway(response: Response): Problem {
  return new Problem(
    0,
    'unreachable',
    `somebody else has answered: ${response.status}`,
    retryAfterS(response),
  )
}

function retryAfterS(response: Response): number | null {
  const after = Number(response.headers.get('Retry-After') ?? NaN)
  return Number.isFinite(after) ? after : null
}
