import { toHex } from '#shared/bytes.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import type { Instant } from '#shared/time.ts'

/** Names one request in the traces of all that it passes: the same one in both spellings. */
interface TraceId {
  /** Epoch seconds, 8 hexadecimal digits. */
  readonly time: string
  /** 24 hexadecimal digits. */
  readonly id: string
  /** Names this hop, 16 hexadecimal digits. */
  readonly span: string
}

/**
 * Passes trace context on, or begins it: `X-Amzn-Trace-Id` as ALB does, and W3C's `traceparent`. Both
 * are a client's word where one sent them, and good for nothing but traces.
 */
export function writeTraceContext(headers: Headers, now: Instant, random: RandomOctets): void {
  const octets = random(20)
  const trace = {
    time: Math.floor(now / 1000)
      .toString(16)
      .padStart(8, '0'),
    id: toHex(octets.subarray(0, 12)),
    span: toHex(octets.subarray(12)),
  }
  headers.set('x-amzn-trace-id', amznTraceId(headers.get('x-amzn-trace-id') ?? '', trace))
  const parent = headers.get('traceparent')
  if (parent !== null && isTraceparent(parent)) return
  // Trace Context 4.3: without a traceparent that can be read, the tracestate goes too.
  headers.delete('tracestate')
  headers.set('traceparent', `00-${trace.time}${trace.id}-${trace.span}-00`)
}

/** ALB begins anew where the header is longer than 7 KB ("Request tracing", limitations). */
const amznLengthMax = 7 * 1024

/**
 * ALB: without a `Root` one is put in; with one, `Self` names this hop, in place of the last one's.
 * Other fields stay.
 */
function amznTraceId(before: string, { time, id }: TraceId): string {
  const fields = before.length > amznLengthMax ? [] : before.split(';').map((field) => field.trim())
  const kept = fields.filter((field) => field !== '' && !/^Self=/i.test(field))
  const isRooted = kept.some((field) => /^Root=/i.test(field))
  return [`${isRooted ? 'Self' : 'Root'}=1-${time}-${id}`, ...kept].join(';')
}

/** Trace Context 3.2: version 00 has these four fields and no more; later versions begin with them. */
function isTraceparent(text: string): boolean {
  const [, version, trace, parent, rest] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(text) ?? []
  if (version === undefined || version === 'ff') return false
  if (version === '00' && rest !== undefined) return false
  return /[^0]/.test(trace ?? '') && /[^0]/.test(parent ?? '')
}
