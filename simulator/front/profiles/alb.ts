import type { Instant } from '#shared/time.ts'
import {
  albNames,
  writeAlbPassthrough,
  writeAlbVerify,
  type AlbNames,
  type HeaderLine,
} from '#shared/wire/alb.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type {
  ConnectionVerdict,
  FrontProfile,
  HeaderList,
  TerminatedConnection,
  TerminatedRequest,
} from '../profile.ts'
import { appendForwardedFor } from './forwarded-for.ts'

/** A listener's mutual-authentication attributes, as far as the front plays them. */
export type AlbListener =
  | { readonly mode: 'passthrough' }
  | {
      readonly mode: 'verify'
      /** `allow`: IgnoreClientCertificateExpiry. */
      readonly expired: 'refuse' | 'allow'
    }

/**
 * AWS Application Load Balancer. In verify mode a client that fails is cut off after the
 * handshake and its requests are never seen; in passthrough mode everyone gets in, with the chain
 * or without any header. AWS does not say what becomes of a client's own copies of these headers:
 * here the worst case holds, so one that the load balancer does not set in this very request
 * passes untouched.
 *
 * @param names - the header names after the listener's renaming; AWS's own by default
 */
export function albProfile(listener: AlbListener, names: AlbNames = albNames()): FrontProfile {
  return {
    name: `alb-${listener.mode}`,
    verification: listener.mode === 'verify' ? 'asked' : 'unasked',
    admits: (verdict) => listener.mode === 'passthrough' || admitted(verdict, listener.expired),
    connectionFacts: (connection) => ({
      cf: {},
      headers: factHeaders(listener, connection, names),
    }),
    requestHeaders: (connection, request) => [
      appendForwardedFor(connection, request),
      ['x-amzn-trace-id', traceId(request)],
    ],
  }
}

function admitted(verdict: ConnectionVerdict, expired: 'refuse' | 'allow'): boolean {
  if (verdict.kind === 'success') return true
  return expired === 'allow' && verdict.kind === 'failed' && verdict.rejection.code === 'expired'
}

function factHeaders(
  { mode }: AlbListener,
  connection: TerminatedConnection,
  names: AlbNames,
): HeaderList {
  const certificate =
    mode === 'verify'
      ? verifyHeaders(connection, names)
      : writeAlbPassthrough(connection.chain, names)
  const lines: HeaderLine[] = [
    ...certificate,
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-port', String(connection.port)],
  ]
  return lines.map(([name, value]) => [name.toLowerCase(), value])
}

/** Throws where the leaf cannot be written: a judge that admits such a leaf is at fault. */
function verifyHeaders({ chain }: TerminatedConnection, names: AlbNames): HeaderLine[] {
  const [leaf] = chain
  if (leaf === undefined) throw new Error('a verdict of success without a certificate')
  const certificate = parseCertificate(leaf)
  if (!certificate.ok) throw new Error(`a leaf that does not parse: ${certificate.error.expected}`)
  const lines = writeAlbVerify(certificate.value, names)
  if (!lines.ok) throw new Error(`${lines.error.field}: expected ${lines.error.expected}`)
  return lines.value
}

/** `Root=1-time-id`; the client's own is kept behind `Self=`, as ALB does. */
function traceId({ at, ordinal, header }: TerminatedRequest): string {
  const own = `1-${hexOf(seconds(at), 8)}-${hexOf(ordinal, 24)}`
  const claimed = header('x-amzn-trace-id')
  return claimed === undefined ? `Root=${own}` : `Self=${own};${claimed}`
}

function seconds(at: Instant): number {
  return Math.floor(at / 1000)
}

function hexOf(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0')
}
