import type { Instant } from '#shared/time.ts'
import type { ConnectionFacts, HeaderList } from './profile.ts'

/** Carries the virtual clock and `request.cf` from the front to the local worker. */
export const controlHeader = 'x-sallyport-local'

/** Set on answers that the front gave itself, so that they are never taken for a decision. */
export const frontHeader = 'x-sallyport-front'

/** Fields of one hop (RFC 9110 7.6.1); `expect` is answered by the front itself. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

/**
 * A name that only the front may say: its control header and the local runtime's `mf-*`. Servers
 * behind a front have read `_` and `.` as `-` (CVE-2026-54763), so those spellings count too.
 */
function isReserved(name: string): boolean {
  const canonical = name.replace(/[_.]/g, '-')
  return canonical === controlHeader || canonical.startsWith('mf-')
}

/** The further names that a `Connection` field makes hop-by-hop (RFC 9110 7.6.1). */
function nominatedByConnection(raw: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]?.toLowerCase() !== 'connection') continue
    for (const token of (raw[index + 1] ?? '').split(',')) names.add(token.trim().toLowerCase())
  }
  return names
}

/**
 * The header fields of the upstream request, as a flat list of names and values: the client's own
 * (`raw`, flat too) in their order and number, less those of the hop, the reserved ones and the
 * ones that the platform sets; then the platform's.
 */
export function upstreamHeaders(raw: readonly string[], set: HeaderList): string[] {
  const nominated = nominatedByConnection(raw)
  const replaced = new Set(set.map(([name]) => name))
  const headers: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    if (hopByHop.has(name) || nominated.has(name) || replaced.has(name) || isReserved(name))
      continue
    headers.push(name, raw[index + 1] ?? '')
  }
  for (const [name, value] of set) if (value !== undefined) headers.push(name, value)
  return headers
}

/** Header fields of an upstream answer that may go on to the client. */
export function endToEndHeaders<Value>(
  headers: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)))
}

/**
 * JSON in ASCII: header fields are read as Latin-1, so everything beyond ASCII is escaped. Octets,
 * which have no form in JSON, become `{"base64": …}`.
 */
export function toAsciiJson(value: unknown): string {
  return JSON.stringify(value, octetsAsText).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function octetsAsText(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value
}

/** What is told outside of headers, as the control header has it. */
export function factsJson({ cf = {}, connection }: Omit<ConnectionFacts, 'headers'>): string {
  return toAsciiJson({ cf, connection })
}

/** In place of facts: this is no device's request, and is answered as soon as the time is known. */
export const timeOnly = toAsciiJson({ cf: {}, timeOnly: true })

/** What the worker of a local run is told of the world beside facts of a connection. */
export interface ToldWorld {
  readonly now: Instant
  /** What its own clock says then; it may be wrong. */
  readonly clock: Instant
  /** Whether the bucket of its trust store answers. */
  readonly isBucketReached: boolean
}

/**
 * The control header's value: the run's key, a dot, and base64url of the facts (`factsJson`) with
 * what is told of the world, instants in milliseconds.
 */
export function controlValue(localKey: string, told: ToldWorld, facts: string): string {
  const { now, clock, isBucketReached } = told
  const world = `"now":${now},"clock":${clock},"isBucketReached":${isBucketReached}`
  const json = `{${world},${facts.slice(1)}`
  return `${localKey}.${Buffer.from(json, 'latin1').toString('base64url')}`
}
