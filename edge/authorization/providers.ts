import type { AskProvider } from '#shared/authorization/authorize.ts'
import {
  collectFaults,
  readList,
  readObject,
  readText,
  type PolicyFault,
  type Report,
} from '#shared/authorization/read-document.ts'
import type { AuthorizationRequest } from '#shared/authorization/request.ts'
import { principalOf } from '#shared/authorization/spiffe-id.ts'
import { durationExpected, parseDuration } from '#shared/duration.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { parseJson } from '../json.ts'

/** A service that CUSTOM policies ask (Istio's `envoyExtAuthzHttp`). */
export interface Provider {
  readonly name: string
  /** Where it listens; the request's own path goes behind that of the address. */
  readonly url: URL
  readonly timeoutMs: number
  /** Lower-case names of the request's headers that it is shown. */
  readonly headers: readonly string[]
}

/** Nobody writes more; each matching policy asks one. */
const providersMax = 16
const headersMax = 32

/** A device waits for it. */
const timeoutUsual = '1s'

/**
 * Reads the variable `AUTHORIZATION_PROVIDERS`: a JSON list of `{ name, url, timeout, headers }`.
 *
 * @param file named in faults
 */
export function readProviders(
  text: string,
  file: string,
): Result<readonly Provider[], readonly PolicyFault[]> {
  const { faults, report } = collectFaults(file)
  const entries = readList(parseJson(text) ?? {}, '', providersMax, report)
  const providers = entries.map((entry, index) => readProvider(entry, `[${index}]`, report))
  const read = providers.filter((provider) => provider !== undefined)
  const twice = read.find(({ name }, at) =>
    read.some((other, nth) => nth < at && other.name === name),
  )
  if (twice !== undefined) report('', `each name once: ${twice.name} stands twice`)
  return faults.length > 0 ? err(faults) : ok(read)
}

function readProvider(entry: unknown, key: string, report: Report): Provider | undefined {
  const fields = readObject(entry, key, ['name', 'url', 'timeout', 'headers'], report)
  const name = readText(fields.name, `${key}.name`, report)
  const address = readText(fields.url, `${key}.url`, report)
  const timeout = fields.timeout ?? timeoutUsual
  const timeoutMs = typeof timeout === 'string' ? parseDuration(timeout) : undefined
  if (timeoutMs === undefined) report(`${key}.timeout`, durationExpected)
  const headers = readList(fields.headers, `${key}.headers`, headersMax, report).map(
    (each, index) => readText(each, `${key}.headers[${index}]`, report)?.toLowerCase(),
  )
  const url = address !== undefined && URL.canParse(address) ? new URL(address) : undefined
  if (address !== undefined && !isService(url)) {
    report(`${key}.url`, 'an address of http or https without a query')
  }
  if (name === undefined || url === undefined || timeoutMs === undefined) return undefined
  return { name, url, timeoutMs, headers: headers.filter((header) => header !== undefined) }
}

const isService = (url: URL | undefined): boolean =>
  url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''

/**
 * Asks providers as Envoy's HTTP `ext_authz` does: with the request's method and path, the headers that
 * they are to see, and the device in `X-Forwarded-Client-Cert`. 200 allows, 5xx and silence are no
 * answer, anything else denies. What the provider's answer says beside is not looked at.
 */
export function askProviders(
  providers: readonly Provider[],
  fetchAnswer: (request: Request) => Promise<Response> = (request) => fetch(request),
): AskProvider {
  return async (name, request) => {
    const provider = providers.find((each) => each.name === name)
    if (provider === undefined) return 'unavailable'
    try {
      const response = await fetchAnswer(questionOf(provider, request))
      await response.body?.cancel()
      if (response.status === 200) return 'allow'
      if (response.status < 500) return 'deny'
      return unanswered(name, `it answered ${response.status}`)
    } catch (error) {
      return unanswered(name, String(error))
    }
  }
}

/** Told: whoever runs the provider is to know why nobody comes in. */
function unanswered(name: string, because: string): 'unavailable' {
  console.error(`the provider ${name} of CUSTOM policies did not answer: ${because}`)
  return 'unavailable'
}

function questionOf(
  { url, timeoutMs, headers }: Provider,
  { method, host, path, header, peer }: AuthorizationRequest,
): Request {
  const address = new URL(url)
  address.pathname = url.pathname.replace(/\/$/, '') + path
  const shown = new Headers({ 'x-forwarded-host': host })
  for (const name of headers) {
    const value = header(name)
    if (value !== undefined) shown.set(name, value)
  }
  if (peer !== undefined) {
    shown.set('x-forwarded-client-cert', `URI=spiffe://${principalOf(peer)}`)
  }
  const signal = AbortSignal.timeout(timeoutMs)
  return new Request(address, { method, headers: shown, redirect: 'manual', signal })
}
