import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { Finding } from '../../../trust-stores/findings/finding.ts'
import type { StoreDocument } from '../../../trust-stores/managed/document.ts'
import type { AuditEntry, StoreChange } from '../../../trust-stores/managed/audit-entry.ts'
import type { StoreHead } from '../../../trust-stores/managed/managed-trust-store.ts'
import { readCertificates } from '../../../trust-stores/gate.ts'
import type { Source } from '../../../trust-stores/sources/source.ts'
import type { EdgeFigures } from '../edge-metrics.ts'

/** A store as the list of stores tells it. */
export interface StoreSummary {
  readonly name: string
  readonly status: 'CREATING' | 'ACTIVE'
  readonly createdAt: Instant
  readonly head?: StoreHead
}

export type EdgeSummary =
  | { readonly kind: 'off' }
  | { readonly kind: 'unreachable'; readonly because: string }
  | ({ readonly kind: 'counted' } & EdgeFigures)

/** Why the API did not do what it was asked, for people. `status` is 0 where it did not answer. */
export class ApiRefusal extends Error {
  readonly status: number

  constructor(status: number, because: string) {
    super(because)
    this.status = status
  }
}

/** The control plane's JSON API as this page asks it. Everything rejects with an ApiRefusal. */
export interface Api {
  stores(): Promise<readonly StoreSummary[]>
  document(store: string, epoch: number): Promise<StoreDocument>
  /** Of a bundle, by the digest that names it. */
  certificates(file: string): Promise<readonly Certificate[]>
  audit(store: string, limit: number): Promise<readonly AuditEntry[]>
  findings(store: string): Promise<readonly Finding[]>
  sources(store: string): Promise<readonly Source[]>
  edge(): Promise<EdgeSummary>
  change(store: string, change: StoreChange): Promise<StoreHead>
}

/** @param token goes into the Authorization header of each request, and nowhere else */
export function createApi(token: string): Api {
  const ask = async (path: string, body?: unknown): Promise<Response> => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const response = await answered(`/api/v1${path}`, { headers, cache: 'no-store', ...post })
    if (response.ok) return response
    throw new ApiRefusal(response.status, await problemText(response))
  }
  // Page and API are one deployment: the API checks what it is given, and its types are these.
  const get = async <Answer>(path: string): Promise<Answer> =>
    (await (await ask(path)).json()) as Answer
  return {
    stores: async () =>
      (await get<{ trustStores: readonly StoreSummary[] }>('/trust-stores')).trustStores,
    // What an epoch says and what a file holds never changes.
    document: remembered((store: string, epoch: number) =>
      get<StoreDocument>(`${of(store)}/document?epoch=${epoch}`),
    ),
    certificates: remembered(async (file: string) => {
      const octets: Bytes = new Uint8Array(await (await ask(`/files/${file}`)).arrayBuffer())
      const read = readCertificates(octets)
      if (read.ok) return read.value
      throw new ApiRefusal(0, `the file ${file} cannot be read: ${read.error}`)
    }),
    audit: async (store, limit) =>
      (await get<{ entries: readonly AuditEntry[] }>(`${of(store)}/audit?limit=${limit}`)).entries,
    findings: async (store) =>
      (await get<{ findings: readonly Finding[] }>(`${of(store)}/findings`)).findings,
    sources: async (store) =>
      (await get<{ sources: readonly Source[] }>(`${of(store)}/sources`)).sources,
    edge: () => get<EdgeSummary>('/edge-metrics'),
    change: async (store, change) =>
      (await (await ask(`${of(store)}/changes`, change)).json()) as StoreHead,
  }
}

const of = (store: string): string => `/trust-stores/${encodeURIComponent(store)}`

async function answered(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init)
  } catch (error) {
    throw new ApiRefusal(0, `the control plane does not answer (${String(error)})`)
  }
}

/** Of a problem document (RFC 9457) what it says to people; the status of anything else. */
async function problemText(response: Response): Promise<string> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) {
    return `the control plane answered with the status ${response.status}`
  }
  const problem = (await response.json()) as {
    readonly title?: string
    readonly detail?: string
    readonly refusal?: string
    readonly errors?: readonly { readonly at: string; readonly expected: string }[]
  }
  const places = problem.errors?.map(({ at, expected }) => `${at}: ${expected}`) ?? []
  return [problem.refusal ?? problem.title, problem.detail, ...places]
    .filter((each) => each !== undefined && each !== '')
    .join(': ')
}

/** Twenty stores with an epoch a minute, for a page that is open over the day, is more than a reader follows. */
const rememberedMax = 500

/** Asks once for what never changes; a failure is asked again. */
function remembered<Given extends readonly (string | number)[], Answer>(
  ask: (...given: Given) => Promise<Answer>,
): (...given: Given) => Promise<Answer> {
  const known = new Map<string, Answer>()
  return async (...given) => {
    const key = given.join(' ')
    const answer = known.get(key) ?? (await ask(...given))
    if (known.size >= rememberedMax) known.clear()
    known.set(key, answer)
    return answer
  }
}
