import type { Bytes } from '#shared/bytes.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import { readBounded, type BucketObjects } from '../buckets/bucket-objects.ts'
import { checkAddress, type OpenHosts } from './address.ts'
import { sourceOctetsMax, type Source } from './source.ts'

/**
 * One request, of one address. It follows no redirect itself, ends after a bounded time, body
 * included, and where it can see which address a name resolves to it connects to public ones alone.
 */
export type FetchOne = (url: URL, headers: Readonly<Record<string, string>>) => Promise<Response>

/** Where lists come from. */
export interface SourcePorts {
  readonly fetch: FetchOne
  /** Undefined where no bucket is bound. */
  readonly buckets: BucketObjects | undefined
  readonly openHosts: OpenHosts
}

/** What a source answered. */
export type FetchedList =
  | ({ readonly kind: 'fetched'; readonly octets: Bytes } & Validators & Told)
  /** It has nothing newer than what it was asked about. */
  | ({ readonly kind: 'not_modified' } & Told)
  | ({ readonly kind: 'failed'; readonly because: string; readonly retryAfterMs?: number } & Told)

interface Validators {
  readonly etag: string | undefined
  readonly lastModified: string | undefined
}

interface Told {
  /** Its clock, where it told it. */
  readonly date?: Instant | undefined
}

/** Publishers move to a mirror or to https: one or two hops, and never four. */
const redirectsMax = 3

/** An ETag or a date; whoever sends kilobytes of it means harm. */
const validatorLengthMax = 256

/** Asks a source for its list. Nothing thrown: what went wrong is told in words, without secrets. */
export async function fetchList(
  source: Pick<Source, 'kind' | 'location' | 'allowedHosts' | 'etag' | 'lastModified'>,
  ports: SourcePorts,
): Promise<FetchedList> {
  try {
    return source.kind === 'bucket'
      ? await fetchObject(source.location, ports)
      : await fetchFrom(source, ports)
  } catch (error) {
    return failed(`it does not answer: ${reasonOf(error)}`)
  }
}

const failed = (because: string): FetchedList & { kind: 'failed' } => ({ kind: 'failed', because })

/** What undici and workerd throw says little; its cause says more. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

async function fetchObject(location: string, { buckets }: SourcePorts): Promise<FetchedList> {
  const slash = location.indexOf('/')
  const [bucket, key] = [location.slice(0, slash), location.slice(slash + 1)]
  if (buckets === undefined) return failed('no bucket is bound to the control plane')
  const object = await buckets.get({ bucket, key, version: undefined })
  if (!object.ok) return failed(object.error.because)
  return object.value.length > sourceOctetsMax
    ? failed(`it has more than ${sourceOctetsMax} octets`)
    : { kind: 'fetched', octets: object.value, etag: undefined, lastModified: undefined }
}

async function fetchFrom(
  source: Pick<Source, 'location' | 'allowedHosts' | 'etag' | 'lastModified'>,
  { fetch, openHosts }: SourcePorts,
): Promise<FetchedList> {
  const first = checkAddress(source.location, openHosts)
  if (!first.ok) return failed(first.error)
  let url = first.value
  const hosts = [url.host, ...source.allowedHosts]
  for (let hops = 0; hops <= redirectsMax; hops += 1) {
    const response = await fetch(url, conditions(source))
    if (!isRedirect(response.status)) return answered(response)
    await response.body?.cancel()
    const next = redirectedTo(response, url, hosts, openHosts)
    if (typeof next === 'string') return failed(next)
    url = next
  }
  return failed(`it redirects more than ${redirectsMax} times`)
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

/** The next address; a sentence where it may not be followed. */
function redirectedTo(
  response: Response,
  from: URL,
  hosts: readonly string[],
  openHosts: OpenHosts,
): URL | string {
  const location = response.headers.get('location')
  const target = location === null ? null : URL.parse(location, from.href)
  if (target === null) return `it answers ${response.status} without an address to go on to`
  const next = checkAddress(target.href, openHosts)
  if (!next.ok) return `it redirects to an address that is not taken: ${next.error}`
  if (hosts.includes(next.value.host)) return next.value
  return `it redirects to ${next.value.host}, which is not among the allowed hosts of this source`
}

/** RFC 9110 13.1: a list that has not changed is not sent again. */
function conditions({
  etag,
  lastModified,
}: Pick<Source, 'etag' | 'lastModified'>): Readonly<Record<string, string>> {
  return {
    accept: 'application/pkix-crl, application/x-pem-file;q=0.9, */*;q=0.5',
    'user-agent': 'Sallyport',
    ...(etag !== undefined && { 'if-none-match': etag }),
    ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
  }
}

async function answered(response: Response): Promise<FetchedList> {
  const date = dateOf(response)
  if (response.status === 304) {
    await response.body?.cancel()
    return { kind: 'not_modified', date }
  }
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel()
    const retryAfterMs = retryAfterOf(response)
    return {
      ...failed(`it answers ${response.status}`),
      date,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    }
  }
  const octets = await readBounded(response.body, sourceOctetsMax)
  if (!octets.ok) return { ...failed(octets.error.because), date }
  const [etag, lastModified] = [validator(response, 'etag'), validator(response, 'last-modified')]
  return { kind: 'fetched', octets: octets.value, etag, lastModified, date }
}

function validator({ headers }: Response, name: string): string | undefined {
  const value = headers.get(name)
  return value === null || value.length > validatorLengthMax ? undefined : value
}

function dateOf({ headers }: Response): Instant | undefined {
  const ms = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(ms) ? undefined : instantFromMs(ms)
}

/** RFC 9110 10.2.3, in seconds: the form that servers under load send. */
function retryAfterOf({ headers }: Response): number | undefined {
  const text = headers.get('retry-after') ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) * 1000 : undefined
}
