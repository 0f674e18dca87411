import type { Bytes } from '#shared/bytes.ts'
import { parseDer, tag, type DerFault, type DerReader } from '#shared/der/reader.ts'
import { readTime } from '#shared/der/time.ts'
import type { Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { readExtensionFrame, readerInside } from '#shared/x509/extensions.ts'
import { readSigned, type Signed } from '#shared/x509/signed.ts'
import { buildCrlIndex, type CrlIndex } from './crl-index.ts'
import { readCrlEntry } from './crl-entry.ts'

/** A parsed CRL (RFC 5280 section 5.1). Byte fields are views into `der`; entries stay in it. */
export interface Crl extends Signed {
  /** DER of the issuer's Name. */
  readonly issuer: Bytes
  readonly thisUpdate: Instant
  readonly nextUpdate: Instant
  /** CRL number (RFC 5280 5.2.3), at most 20 octets; undefined where the issuer gives none. */
  readonly number: bigint | undefined
  readonly index: CrlIndex
  /**
   * Critical extensions that narrow or change what this CRL answers for, and that this core does
   * not process. Such a CRL answers for nothing (RFC 5280 5.2).
   */
  readonly criticalUnknown: readonly string[]
}

/** RFC 5280 5.2.3: conforming CRL numbers have at most 20 octets. */
const crlNumberOctetsMax = 20

/** Extensions whose meaning this core applies: CRL number and authority key identifier (a hint). */
const processed: ReadonlySet<string> = new Set(['2.5.29.20', '2.5.29.35'])

/** Changes what the CRL means even where it is not marked critical: delta CRL indicator, IDP. */
const neverIgnored: ReadonlySet<string> = new Set(['2.5.29.27', '2.5.29.28'])

/**
 * Parses a complete CRL and indexes its entries.
 *
 * @returns the CRL, or the byte at fault and what belonged there. The signature is not verified here.
 */
export function parseCrl(der: Bytes): Result<Crl, DerFault> {
  return parseDer(der, (reader) => readSigned(reader, 'CertificateList', readTbs))
}

function readTbs(reader: DerReader): Omit<Crl, Exclude<keyof Signed, 'signatureAlgorithm'>> {
  const outer = reader.open(tag.sequence, 'tbsCertList')
  // RFC 5280 5.1.2.1: version 2 wherever extensions are used, and conforming CRLs always use them.
  if (reader.smallInteger('version') !== 1) reader.fail('version 2')
  const signatureAlgorithm = reader.element(tag.sequence, 'signature')
  const issuer = reader.element(tag.sequence, 'issuer')
  const thisUpdate = readTime(reader, 'thisUpdate')
  // RFC 5280 5.1.2.5: nextUpdate is required; without it nobody could tell a stale list.
  const nextUpdate = readTime(reader, 'nextUpdate')
  const index = readEntries(reader)
  const extensions = readCrlExtensions(reader)
  reader.close(outer)
  return { signatureAlgorithm, issuer, thisUpdate, nextUpdate, index, ...extensions }
}

function readEntries(reader: DerReader): CrlIndex {
  const outer = reader.openOptional(tag.sequence, 'revokedCertificates')
  if (outer === -1) return buildCrlIndex(reader.bytes, [])
  // RFC 5280 5.1.2.6: when nothing is revoked the list MUST be absent; seen empty in the field.
  const offsets: number[] = []
  while (!reader.done) {
    offsets.push(reader.at)
    readCrlEntry(reader)
  }
  reader.close(outer)
  return buildCrlIndex(reader.bytes, offsets)
}

function readCrlExtensions(reader: DerReader): Pick<Crl, 'number' | 'criticalUnknown'> {
  const explicit = reader.openOptional(tag.contextConstructed(0), 'crlExtensions')
  if (explicit === -1) return { number: undefined, criticalUnknown: [] }
  const outer = reader.open(tag.sequence, 'crlExtensions')
  const seen = new Set<string>()
  const criticalUnknown: string[] = []
  let number: bigint | undefined
  while (!reader.done) {
    const { oid, critical, value } = readExtensionFrame(reader, seen)
    if (oid === '2.5.29.20') number = readCrlNumber(readerInside(reader, value))
    if (neverIgnored.has(oid) || (critical && !processed.has(oid))) criticalUnknown.push(oid)
  }
  reader.close(outer)
  reader.close(explicit)
  return { number, criticalUnknown }
}

function readCrlNumber(reader: DerReader): bigint {
  const start = reader.at
  const content = reader.integer('cRLNumber')
  reader.close(reader.end)
  const isNegative = (content[0] ?? 0) >= 0x80
  if (isNegative || content.length > crlNumberOctetsMax) {
    return reader.fail('cRLNumber of at most 20 octets, not negative', start)
  }
  return content.reduce((number, octet) => number * 256n + BigInt(octet), 0n)
}
