import { identityOfFields, identityOfLeaf } from '#shared/identity/device-identity.ts'
import { identityText } from '#shared/identity/identity-text.ts'
import type { Instant } from '#shared/time.ts'
import { answers } from '#shared/verdict/answers.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'
import { writeAlbValidity } from '#shared/wire/dates.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { nameField, numberField, tokenField } from './connection-log-text.ts'
import type { ProblemCode } from './problem.ts'

/** What is known of a request's connection beside its certificate. Nobody vouches for these texts. */
export interface ConnectionFacts {
  readonly clientIp: string | undefined
  readonly clientPort: number | undefined
  readonly listenerPort: number | undefined
  /** Undefined where the connection is not TLS, or nobody says. */
  readonly tls: TlsFacts | undefined
  /** Names the connection in other logs; ALB's are `TID_` and 32 hexadecimal digits. */
  readonly traceId: string | undefined
  /** The load balancer's own identifier and address. */
  readonly elb: string | undefined
  readonly nodeIp: string | undefined
}

export interface TlsFacts {
  /** As OpenSSL names them: `TLSv1.3`, `ECDHE-RSA-AES128-GCM-SHA256`, `X25519MLKEM768`. */
  readonly protocol: string | undefined
  readonly cipher: string | undefined
  readonly keyExchange: string | undefined
  readonly handshakeMs: number | undefined
}

/** The leaf as a log tells of it, unverified. */
export interface LoggedLeaf {
  readonly serial: string
  readonly subject: string
  readonly issuer: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** One decision to log. */
export interface ConnectionLogEntry {
  /** When it was decided; fractions of a millisecond are written where a clock has them. */
  readonly at: Instant
  readonly connection: ConnectionFacts
  readonly leaf: LoggedLeaf | undefined
  /** Undefined where this listener does not decide (`off`, `passthrough`). */
  readonly decision: Decision | undefined
  /** What was answered in place of a success. */
  readonly problem?: ProblemCode | undefined
}

/** What can be told of the leaf that was presented; undefined for none, and for one that cannot be read. */
export function loggedLeaf(presented: Presented): LoggedLeaf | undefined {
  if (presented.kind === 'attested') return identityText(identityOfFields(presented.fields))
  if (presented.kind !== 'chain') return undefined
  const leaf = parseCertificate(presented.leaf)
  return leaf.ok ? identityText(identityOfLeaf(leaf.value)) : undefined
}

/**
 * One line of an ALB connection log, without the line's end: fifteen fields in ALB's order, parted
 * by single spaces, `-` for what is unknown. Fields added by ALB later stand behind these, so a
 * parser of either reads the other.
 */
export function albLogLine(entry: ConnectionLogEntry): string {
  const { at, connection, leaf } = entry
  const { tls } = connection
  const failure = failureOf(entry)
  return [
    isoMicroseconds(at),
    tokenField(connection.clientIp),
    numberField(connection.clientPort),
    numberField(connection.listenerPort),
    tokenField(tls?.protocol),
    tokenField(tls?.cipher),
    // Of a failed handshake ALB measures no latency.
    failure === undefined ? seconds(tls?.handshakeMs) : '-',
    leaf === undefined ? '-' : nameField(leaf.subject),
    leaf === undefined ? '-' : writeAlbValidity(leaf),
    tokenField(leaf?.serial),
    failure === undefined ? 'Success' : `Failed:${failure}`,
    tokenField(connection.traceId),
    tokenField(tls?.keyExchange),
    tokenField(connection.elb),
    tokenField(connection.nodeIp),
  ].join(' ')
}

/**
 * ALB's reason code; undefined where a connection is what ALB calls established. That is one whose
 * request failed later, at a policy or at the target, as well; and none whose certificate could not
 * be read or passed on, where nothing was decided.
 */
function failureOf({ decision, problem }: ConnectionLogEntry): string | undefined {
  if (decision?.outcome === 'refused') return answers[decision.rejection.code].alb
  if (decision !== undefined || problem === undefined) return undefined
  if (isRejectionCode(problem)) return answers[problem].alb
  return undecided.has(problem) ? 'UnmappedConnectionError' : undefined
}

/** Ends before a decision that are the connection's: ALB has no code for them. */
const undecided: ReadonlySet<ProblemCode> = new Set([
  'trust_store_unavailable',
  'not_from_terminator',
])

const isRejectionCode = (code: ProblemCode): code is RejectionCode => Object.hasOwn(answers, code)

/** `2023-10-04T17:05:15.514108Z`. */
export function isoMicroseconds(at: Instant): string {
  const microseconds = Math.round(at * 1000)
  const ms = Math.floor(microseconds / 1000)
  const rest = String(microseconds - ms * 1000).padStart(3, '0')
  return `${new Date(ms).toISOString().slice(0, -1)}${rest}Z`
}

function seconds(ms: number | undefined): string {
  return ms !== undefined && Number.isFinite(ms) && ms >= 0 ? (ms / 1000).toFixed(3) : '-'
}
