import type { Bytes } from '#shared/bytes.ts'
import { parseDer, tag, type DerFault, type DerReader } from '#shared/der/reader.ts'
import { readTime } from '#shared/der/time.ts'
import type { Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { nameKey } from '#shared/x509/name.ts'
import {
  readAuthorityKeyIdentifier,
  readExtensionFrame,
  readerInside,
} from '#shared/x509/extensions.ts'
import { readSigned, type Signed } from '#shared/x509/signed.ts'
import { buildCrlIndex, type CrlIndex, type EntryIndex, type PlacedIndex } from './crl-index.ts'
import { readCrlEntries, type ListedEntries } from './crl-entries.ts'
import { readIssuingDistributionPoint, type CrlScope } from './issuing-distribution-point.ts'

/** What a list says beside its entries (RFC 5280 section 5.1). */
export interface CrlHeader {
  /** DER of the issuer's Name. */
  readonly issuer: Bytes
  readonly thisUpdate: Instant
  readonly nextUpdate: Instant
  /** CRL number (RFC 5280 5.2.3), at most 20 octets; undefined where the issuer gives none. */
  readonly number: bigint | undefined
  /** How many it has, of whatever issuer's certificates. */
  readonly entries: number
  /** Of a delta CRL the number of the list it was made from (RFC 5280 5.2.4); undefined where complete. */
  readonly deltaBase: bigint | undefined
  /** Undefined where the list covers all certificates of its issuer (RFC 5280 5.2.5). */
  readonly scope: CrlScope | undefined
  readonly authorityKeyIdentifier: Bytes | undefined
  /**
   * Critical extensions that narrow or change what this CRL answers for, and that this core does
   * not process. Such a CRL answers for nothing (RFC 5280 5.2).
   */
  readonly criticalUnknown: readonly string[]
}

/** A list that can be asked, whether it was parsed or comes from its compiled form. */
export interface CrlFacts extends CrlHeader {
  /** Entries of the CRL issuer's own certificates. */
  readonly index: EntryIndex
  /** Entries of other issuers' certificates, by `nameKey` of the issuer (indirect CRLs, RFC 5280 5.3.3). */
  readonly indexOfOthers: ReadonlyMap<string, EntryIndex>
}

/** A list whose entries are all in memory. */
export interface WholeCrl extends CrlFacts {
  readonly index: CrlIndex
  readonly indexOfOthers: ReadonlyMap<string, CrlIndex>
}

/** A parsed CRL. Byte fields are views into `der`; entries stay in it. */
export interface Crl extends WholeCrl, Signed {
  readonly index: PlacedIndex
  readonly indexOfOthers: ReadonlyMap<string, PlacedIndex>
}

/** RFC 5280 5.2.3: conforming CRL numbers have at most 20 octets. */
const crlNumberOctetsMax = 20

/**
 * Parses a complete or delta CRL and indexes its entries.
 *
 * @returns the CRL, or the byte at fault and what belonged there. The signature is not verified here.
 */
export function parseCrl(der: Bytes): Result<Crl, DerFault> {
  return parseDer(der, (reader) => readSigned(reader, 'CertificateList', readTbs))
}

function readTbs(reader: DerReader): Omit<Crl, Exclude<keyof Signed, 'signatureAlgorithm'>> {
  const outer = reader.open(tag.sequence, 'tbsCertList')
  // RFC 5280 5.1.2.1: version 2 wherever extensions are used, and conforming CRLs always use them.
  // The field is there in version 2 only: without it the list is of version 1.
  const isVersioned = reader.nextTag === tag.integer
  if (!isVersioned || reader.smallInteger('version') !== 1) reader.fail('version 2')
  const signatureAlgorithm = reader.element(tag.sequence, 'signature')
  const issuer = reader.element(tag.sequence, 'issuer')
  const thisUpdate = readTime(reader, 'thisUpdate')
  // RFC 5280 5.1.2.5: nextUpdate is required; without it nobody could tell a stale list.
  const nextUpdate = readTime(reader, 'nextUpdate')
  const entriesAt = reader.at
  const entries = readCrlEntries(reader, nameKey(issuer))
  const extensions = readCrlExtensions(reader)
  reader.close(outer)
  // RFC 5280 5.3.3: entries name certificate issuers in indirect CRLs only.
  if (entries.others.size > 0 && extensions.scope?.indirect !== true) {
    reader.fail('certificateIssuer in an indirect CRL only', entriesAt)
  }
  const indexes = indexesOf(reader.bytes, entries)
  return { signatureAlgorithm, issuer, thisUpdate, nextUpdate, ...indexes, ...extensions }
}

function indexesOf(
  der: Bytes,
  { own, others }: ListedEntries,
): Pick<Crl, 'index' | 'indexOfOthers' | 'entries'> {
  const indexOfOthers = new Map<string, PlacedIndex>()
  let entries = own.offsets.length
  for (const [issuer, places] of others) {
    indexOfOthers.set(issuer, buildCrlIndex(der, places))
    entries += places.offsets.length
  }
  return { index: buildCrlIndex(der, own), indexOfOthers, entries }
}

type CrlExtensions = Pick<
  Crl,
  'number' | 'deltaBase' | 'scope' | 'authorityKeyIdentifier' | 'criticalUnknown'
>
type Draft = { -readonly [Key in keyof CrlExtensions]: CrlExtensions[Key] }

/** What this core processes, by dotted identifier: one row an extension (RFC 5280 5.2). */
const readers: Readonly<Record<string, (reader: DerReader, draft: Draft) => void>> = {
  '2.5.29.20': (reader, draft) => {
    draft.number = readCrlNumber(reader, 'cRLNumber')
  },
  '2.5.29.27': (reader, draft) => {
    draft.deltaBase = readCrlNumber(reader, 'BaseCRLNumber')
  },
  '2.5.29.28': (reader, draft) => {
    draft.scope = readIssuingDistributionPoint(reader)
  },
  '2.5.29.35': (reader, draft) => {
    draft.authorityKeyIdentifier = readAuthorityKeyIdentifier(reader)
  },
}

function readCrlExtensions(reader: DerReader): CrlExtensions {
  const criticalUnknown: string[] = []
  const draft: Draft = {
    number: undefined,
    deltaBase: undefined,
    scope: undefined,
    authorityKeyIdentifier: undefined,
    criticalUnknown,
  }
  const explicit = reader.openOptional(tag.contextConstructed(0), 'crlExtensions')
  if (explicit === -1) return draft
  const outer = reader.open(tag.sequence, 'crlExtensions')
  const seen = new Set<string>()
  while (!reader.done) readCrlExtension(reader, draft, seen, criticalUnknown)
  reader.close(outer)
  reader.close(explicit)
  return draft
}

function readCrlExtension(
  reader: DerReader,
  draft: Draft,
  seen: Set<string>,
  criticalUnknown: string[],
): void {
  const { oid, critical, value } = readExtensionFrame(reader, seen)
  const read = readers[oid]
  if (read === undefined) {
    if (critical) criticalUnknown.push(oid)
    return
  }
  const inner = readerInside(reader, value)
  read(inner, draft)
  inner.close(inner.end)
}

function readCrlNumber(reader: DerReader, expected: string): bigint {
  const start = reader.at
  const content = reader.integer(expected)
  const isNegative = (content[0] ?? 0) >= 0x80
  if (isNegative || content.length > crlNumberOctetsMax) {
    return reader.fail(`${expected} of at most ${crlNumberOctetsMax} octets, not negative`, start)
  }
  return content.reduce((number, octet) => number * 256n + BigInt(octet), 0n)
}
