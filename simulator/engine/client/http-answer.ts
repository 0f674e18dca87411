import { err, ok, type Result } from '#shared/result.ts'

/** One HTTP/1.1 answer as its octets say it. */
export interface HttpAnswer {
  readonly status: number
  /** By lower-case name; of several lines of one name the last. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** Octets that the answer took; what follows belongs to the next one. */
  readonly used: number
}

/** ALB's quota for all header fields of a request; no answer here needs more. */
const headBytesMax = 64 * 1024
/** An answer to a device is a page of JSON; a megabyte bounds what a far side can make it hold. */
const bodyBytesMax = 1024 * 1024

const headEnd = Buffer.from('\r\n\r\n')
const lineEnd = Buffer.from('\r\n')

/**
 * Reads the first answer of what came over a connection (RFC 9112 sections 4 and 6). Undefined: there
 * is more to come. The failure says what of it is no HTTP.
 *
 * @param ended whether the far side has closed: then the body ends there where nothing else ends it
 */
export function readHttpAnswer(
  octets: Buffer,
  ended: boolean,
): Result<HttpAnswer | undefined, string> {
  const end = octets.indexOf(headEnd)
  if (end < 0)
    return octets.length > headBytesMax ? err('a head of more than 64 KiB') : ok(undefined)
  const [statusLine = '', ...lines] = octets.toString('latin1', 0, end).split('\r\n')
  const [, digits] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine) ?? []
  if (digits === undefined) return err('a status line that is none')
  const headers = new Map(lines.map(fieldOf))
  const read = readBody(octets.subarray(end + headEnd.length), Number(digits), headers, ended)
  if (!read.ok || read.value === undefined) return read.ok ? ok(undefined) : read
  const { body, used } = read.value
  return ok({ status: Number(digits), headers, body, used: end + headEnd.length + used })
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

interface Body {
  readonly body: Buffer
  readonly used: number
}

/** RFC 9112 6.3: none by the status, else chunks, else a length, else up to the end of the connection. */
function readBody(
  octets: Buffer,
  status: number,
  headers: ReadonlyMap<string, string>,
  ended: boolean,
): Result<Body | undefined, string> {
  if (status < 200 || status === 204 || status === 304)
    return ok({ body: Buffer.alloc(0), used: 0 })
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') return readChunks(octets)
  const length = headers.get('content-length')
  if (length === undefined) return ok(ended ? { body: octets, used: octets.length } : undefined)
  if (!/^\d{1,7}$/.test(length) || Number(length) > bodyBytesMax)
    return err('a body that is too long')
  const used = Number(length)
  return ok(octets.length < used ? undefined : { body: octets.subarray(0, used), used })
}

/** RFC 9112 7.1: chunks, a last one of no length, and an empty trailer. */
function readChunks(octets: Buffer): Result<Body | undefined, string> {
  const chunks: Buffer[] = []
  for (let at = 0, total = 0; ;) {
    const end = octets.indexOf(lineEnd, at)
    if (end < 0) return ok(undefined)
    const [, digits] = /^([0-9a-f]{1,6})(?:;|$)/i.exec(octets.toString('latin1', at, end)) ?? []
    if (digits === undefined) return err('a chunk without a length')
    const length = Number.parseInt(digits, 16)
    const from = end + lineEnd.length
    const next = from + length + lineEnd.length
    total += length
    if (total > bodyBytesMax) return err('a body that is too long')
    if (octets.length < next) return ok(undefined)
    if (length === 0) return ok({ body: Buffer.concat(chunks), used: next })
    chunks.push(octets.subarray(from, from + length))
    at = next
  }
}
