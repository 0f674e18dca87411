import { sign } from 'node:crypto'
import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { shift, type Instant } from '#shared/time.ts'
import {
  bitString,
  boolean,
  enumerated,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  tagged,
  taggedOctets,
  time,
} from './der.ts'
import type { Ca } from './hierarchy.ts'
import { ecdsaWithSha256 } from './leaf.ts'
import { issuingDistributionPoint } from './partition.ts'

/*
 * Written here and not by a library: that of `@peculiar/x509` takes 23 s of CPU for a list of 12,500
 * entries, and with every one more of them more.
 */

/** RFC 5280 5.3.1, the reasons that a scenario may give. */
const reasons = { keyCompromise: 1, cessationOfOperation: 5, privilegeWithdrawn: 9 } as const

export type RevocationReason = keyof typeof reasons

export interface CrlEntry {
  /** Upper-case hexadecimal, whole bytes. */
  readonly serial: string
  readonly at: Instant
  readonly reason: RevocationReason
}

export interface CrlFields {
  readonly entries: readonly CrlEntry[]
  /** RFC 5280 5.2.3: grows with every CRL of one issuer. */
  readonly number: number
  readonly at: Instant
  readonly nextUpdateMs: number
  /** Of a delta: the number of the complete list that it is laid over (RFC 5280 5.2.4). */
  readonly deltaBase?: number
  /** Of an issuer that has several: which of them, from 1. */
  readonly partition?: number
}

/** A CRL of one issuer, complete or a delta, in DER (RFC 5280 section 5). */
export function createCrl(issuer: Ca, fields: CrlFields): Bytes {
  const tbs = toBeSigned(issuer, fields)
  const signature = sign('sha256', tbs, issuer.key)
  return sequence(tbs, ecdsaWithSha256, bitString(signature))
}

/** TBSCertList (RFC 5280 5.1.2). */
function toBeSigned(issuer: Ca, { at, nextUpdateMs, entries, ...fields }: CrlFields): Bytes {
  return sequence(
    integer(Uint8Array.of(1)),
    ecdsaWithSha256,
    issuer.subject,
    time(at),
    time(shift(at, nextUpdateMs)),
    // 5.1.2.6: where there are no entries, there is no list of them.
    ...(entries.length === 0 ? [] : [sequence(...inPieces(entries.map(entryOf)))]),
    tagged(0, sequence(...extensions(issuer, fields))),
  )
}

/** 5.1.2.6 and 5.3.1: the serial, since when, and why. */
function entryOf({ serial, at, reason }: CrlEntry): Bytes {
  const octets = new Uint8Array(Buffer.from(serial, 'hex'))
  const why = extension('2.5.29.21', 'optional', enumerated(reasons[reason]))
  return sequence(integer(octets), time(at), sequence(why))
}

/** A call takes some hundred thousand arguments and no more. */
function inPieces(parts: readonly Bytes[]): readonly Bytes[] {
  const size = 1000
  return Array.from({ length: Math.ceil(parts.length / size) }, (_, piece) =>
    concatBytes(...parts.slice(piece * size, (piece + 1) * size)),
  )
}

/** RFC 5280 5.2: whose key signed it, its number, what it is for, and of a delta what it is laid over. */
function extensions(
  issuer: Ca,
  { number, deltaBase, partition }: Pick<CrlFields, 'number' | 'deltaBase' | 'partition'>,
): readonly Bytes[] {
  return [
    extension('2.5.29.35', 'optional', sequence(taggedOctets(0, issuer.keyId))),
    extension('2.5.29.20', 'optional', integer(bigEndian(number))),
    ...(partition === undefined
      ? []
      : [extension('2.5.29.28', 'critical', issuingDistributionPoint(issuer.name, partition))]),
    ...(deltaBase === undefined
      ? []
      : [extension('2.5.29.27', 'critical', integer(bigEndian(deltaBase)))]),
  ]
}

function extension(type: string, weight: 'critical' | 'optional', value: Uint8Array): Bytes {
  const critical = weight === 'critical' ? [boolean(true)] : []
  return sequence(objectIdentifier(type), ...critical, octetString(value))
}

function bigEndian(number: number): Bytes {
  const octets = new Uint8Array(8)
  new DataView(octets.buffer).setBigUint64(0, BigInt(number))
  return octets
}
