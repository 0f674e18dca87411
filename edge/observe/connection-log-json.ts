import type { Authorization } from '#shared/authorization/authorize.ts'
import { isoFromInstant } from '#shared/time.ts'
import { answers } from '#shared/verdict/answers.ts'
import { factsOf } from '#shared/verdict/facts.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'
import type { ChosenTarget } from '../routing/target.ts'
import {
  isoMicroseconds,
  type ConnectionFacts,
  type ConnectionLogEntry,
  type LoggedLeaf,
} from './connection-log.ts'
import type { Problem } from './problem.ts'

/** What the JSON form tells beyond the fifteen fields. Nothing here is a key, a token or a cookie. */
export interface DecisionFacts {
  /** A request that was answered; or a session, open since one, that was cut. */
  readonly event: 'request' | 'session_cut'
  /** What was answered in place of a success, by the id that its reader finds this line with. */
  readonly problem: Problem | undefined
  readonly platform: string
  /** The configured policy's name. */
  readonly policy: string
  /** How the session stood (`none`, `issued`, `used`); never its token. */
  readonly session: 'none' | 'issued' | 'used'
  /** Where the request went, by the configuration's own words; undefined where nowhere. */
  readonly target: ChosenTarget | undefined
  /** What the policies said; undefined where none were asked. */
  readonly authorization: Authorization | undefined
  /** Lower-case names of the certificate headers that a client sent and that were taken away. */
  readonly forged: readonly string[]
}

/** Longest text in a line: the serials, names and identifiers that certificates hold are shorter. */
const textLengthMax = 1024

/** Most members of a list in a line: a certificate of a hostile CA may have thousands of purposes. */
const listLengthMax = 16

/**
 * One decision as one line of JSON, in ASCII and without the line's end: every fact of ALB's line,
 * the reason with the values that disagreed, and what it was decided by. Long texts and lists are
 * cut off, with `...` behind texts.
 */
export function jsonLogLine(entry: ConnectionLogEntry, facts: DecisionFacts): string {
  const { at, connection, leaf, decision } = entry
  const line = {
    time: isoMicroseconds(at),
    outcome: decision?.outcome ?? 'not_decided',
    ...(decision?.outcome === 'refused' ? refusalOf(decision.rejection) : {}),
    ...(decision?.outcome === 'accepted' ? { basis: decision.basis.kind } : {}),
    ...namedFacts(facts),
    epoch: decision?.evidence.epoch,
    signaturesSpent: decision?.evidence.signaturesSpent,
    connection: namedConnection(connection),
    leaf: leaf === undefined ? undefined : leafOf(leaf),
  }
  return asciiJson(line)
}

/** Field by field: what else an object at hand may hold has no business in a log. */
function namedFacts({
  event,
  problem,
  platform,
  policy,
  session,
  target,
  authorization,
  forged,
}: DecisionFacts): Readonly<Record<keyof DecisionFacts, unknown>> {
  const named = problem && { code: problem.code, id: problem.id }
  const said = authorization && namedAuthorization(authorization)
  const to = target && { group: cutOff(target.group), name: cutOff(target.name) }
  return {
    event,
    problem: named,
    platform,
    policy,
    session,
    target: to,
    authorization: said,
    forged: bounded(forged),
  }
}

function namedAuthorization(authorization: Authorization): unknown {
  const { outcome, because, audited, dryRun } = authorization
  const policy = 'policy' in authorization ? authorization.policy : undefined
  return bounded({ outcome, because, policy, audited, dryRun })
}

function namedConnection(connection: ConnectionFacts): ConnectionFacts {
  const { clientPort, listenerPort } = connection
  return {
    clientIp: cutOff(connection.clientIp),
    clientPort,
    listenerPort,
    tls: namedTls(connection.tls),
    traceId: cutOff(connection.traceId),
    elb: cutOff(connection.elb),
    nodeIp: cutOff(connection.nodeIp),
  }
}

function namedTls(tls: ConnectionFacts['tls']): ConnectionFacts['tls'] {
  if (tls === undefined) return undefined
  const { protocol, cipher, keyExchange, handshakeMs } = tls
  return {
    protocol: cutOff(protocol),
    cipher: cutOff(cipher),
    keyExchange: cutOff(keyExchange),
    handshakeMs,
  }
}

function refusalOf(rejection: Rejection): Readonly<Record<string, unknown>> {
  const { code } = rejection
  return { code, albReason: answers[code].alb, found: bounded(factsOf(rejection)) }
}

type LeafTexts = Readonly<Record<keyof LoggedLeaf, string>>

/** Of leaves at hand, whose devices come again and again. */
const leafTexts = new WeakMap<LoggedLeaf, LeafTexts>()

function leafOf(leaf: LoggedLeaf): LeafTexts {
  const known = leafTexts.get(leaf)
  if (known !== undefined) return known
  const { serial, subject, issuer, notBefore, notAfter } = leaf
  const texts = {
    serial: cutOff(serial),
    subject: cutOff(subject),
    issuer: cutOff(issuer),
    notBefore: isoFromInstant(notBefore),
    notAfter: isoFromInstant(notAfter),
  }
  leafTexts.set(leaf, texts)
  return texts
}

/** A text as far as a line may hold it. */
function cutOff<Text extends string | undefined>(text: Text): Text | string {
  return text !== undefined && text.length > textLengthMax
    ? `${text.slice(0, textLengthMax)}...`
    : text
}

/** The same value with texts and lists cut to what a line may hold; it has no cycles and is shallow. */
function bounded(value: unknown): unknown {
  if (typeof value === 'string') return cutOff(value)
  if (Array.isArray(value)) return value.slice(0, listLengthMax).map(bounded)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, bounded(each)]))
}

/** JSON in which control characters of either kind, and all beyond ASCII, are escaped: terminals obey some. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
