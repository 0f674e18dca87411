import { repeatsAt, standsAt, type Bytes } from '#shared/bytes.ts'
import { dottedOid, passOid, readOid } from '#shared/der/oid.ts'
import { DerReader, readerAt, tag } from '#shared/der/reader.ts'
import type { Extensions, SubjectAltNames } from './certificate.ts'
import {
  passDistributionPoints,
  readDistributionPoints,
  type DistributionPoint,
} from './distribution-points.ts'
import { passGeneralName, readGeneralName, readUri, type GeneralName } from './general-name.ts'
import { readNameConstraints, type NameConstraints } from './name-constraints.ts'
import {
  readCertificatePolicies,
  readInhibitAnyPolicy,
  readPolicyConstraints,
  readPolicyMappings,
  type PolicyConstraints,
  type PolicyMapping,
} from './policy-extensions.ts'

/** More extensions than any profile defines; bounds the search for repeated ones. */
const extensionsMax = 64

/** Names in one subjectAltName: Google Cloud's load balancer stops at 512 as well. */
const altNamesMax = 512

export const noExtensions: Extensions = {
  basicConstraints: undefined,
  keyUsage: undefined,
  extendedKeyUsage: undefined,
  subjectKeyIdentifier: undefined,
  authorityKeyIdentifier: undefined,
  subjectAltNames: undefined,
  onlyUri: undefined,
  certificatePolicies: undefined,
  nameConstraints: undefined,
  policyMappings: undefined,
  policyConstraints: undefined,
  inhibitAnyPolicy: undefined,
  crlDistributionPoints: undefined,
  namesCrlIssuer: false,
  freshestCrl: undefined,
  criticalUnknown: [],
}

/** Checked, and kept as the offset where it starts until its view is asked for; undefined where absent. */
type Part<View> = number | View | undefined

/**
 * Extensions as they were read. What most decisions never look at costs nothing until it is asked
 * for, and stays the same view from then on.
 */
class ReadExtensions implements Extensions {
  basicConstraints: Extensions['basicConstraints'] = undefined
  extendedKeyUsage: readonly string[] | undefined = undefined
  certificatePolicies: readonly string[] | undefined = undefined
  nameConstraints: NameConstraints | undefined = undefined
  policyMappings: readonly PolicyMapping[] | undefined = undefined
  policyConstraints: PolicyConstraints | undefined = undefined
  inhibitAnyPolicy: number | undefined = undefined
  criticalUnknown: readonly string[] = noExtensions.criticalUnknown
  namesCrlIssuer = false
  keyUsagePart: Part<Bytes> = undefined
  subjectKeyPart: Part<Bytes> = undefined
  authorityKeyPart: Part<Bytes> = undefined
  altNamesPart: Part<SubjectAltNames> = undefined
  onlyUriPart: Part<string> = undefined
  distributionPointsPart: Part<readonly DistributionPoint[]> = undefined
  freshestCrlPart: Part<readonly DistributionPoint[]> = undefined
  /** Whether the subject is empty. */
  readonly isNameless: boolean
  readonly #der: Bytes

  constructor(der: Bytes, isNameless: boolean) {
    this.#der = der
    this.isNameless = isNameless
  }

  get keyUsage(): Bytes | undefined {
    if (typeof this.keyUsagePart === 'number') {
      this.keyUsagePart = readerAt(this.#der, this.keyUsagePart).namedBits('keyUsage')
    }
    return this.keyUsagePart
  }

  get subjectKeyIdentifier(): Bytes | undefined {
    if (typeof this.subjectKeyPart === 'number') {
      this.subjectKeyPart = readSubjectKeyIdentifier(readerAt(this.#der, this.subjectKeyPart))
    }
    return this.subjectKeyPart
  }

  get authorityKeyIdentifier(): Bytes | undefined {
    if (typeof this.authorityKeyPart === 'number') {
      this.authorityKeyPart = readAuthorityKeyIdentifier(readerAt(this.#der, this.authorityKeyPart))
    }
    return this.authorityKeyPart
  }

  get subjectAltNames(): SubjectAltNames | undefined {
    if (typeof this.altNamesPart === 'number') {
      this.altNamesPart = readAltNames(readerAt(this.#der, this.altNamesPart))
    }
    return this.altNamesPart
  }

  get onlyUri(): string | undefined {
    if (typeof this.onlyUriPart === 'number') {
      this.onlyUriPart = readUri(readerAt(this.#der, this.onlyUriPart))
    }
    return this.onlyUriPart
  }

  get crlDistributionPoints(): readonly DistributionPoint[] | undefined {
    return (this.distributionPointsPart = this.#points(this.distributionPointsPart))
  }

  get freshestCrl(): readonly DistributionPoint[] | undefined {
    return (this.freshestCrlPart = this.#points(this.freshestCrlPart))
  }

  #points(part: Part<readonly DistributionPoint[]>): readonly DistributionPoint[] | undefined {
    return typeof part === 'number' ? readDistributionPoints(readerAt(this.#der, part)) : part
  }
}

type ReadExtension = (reader: DerReader, found: ReadExtensions, critical: boolean) => void

/** What this core processes under id-ce, 2.5.29 (RFC 5280 4.2.1), by its last arc: one row an extension. */
const rows: Readonly<Record<number, ReadExtension>> = {
  14: (reader, found) => {
    found.subjectKeyPart = reader.pass(tag.octetString, 'subjectKeyIdentifier')
  },
  15: (reader, found) => {
    found.keyUsagePart = passKeyUsage(reader)
  },
  17: (reader, found, critical) => {
    // RFC 5280 4.2.1.6: where the subject is empty, nothing else says whose certificate it is.
    if (found.isNameless && !critical) reader.fail('a critical one beside an empty subject')
    found.altNamesPart = passAltNames(reader, found)
  },
  19: (reader, found) => {
    found.basicConstraints = readBasicConstraints(reader)
  },
  30: (reader, found) => {
    found.nameConstraints = readNameConstraints(reader)
  },
  31: (reader, found) => {
    found.distributionPointsPart = reader.at
    found.namesCrlIssuer = passDistributionPoints(reader)
  },
  32: (reader, found, critical) => {
    const { policies, unknownQualifiers } = readCertificatePolicies(reader)
    found.certificatePolicies = policies
    // RFC 5280 4.2.1.4: a critical one is understood with its qualifiers, or not at all.
    if (critical) found.criticalUnknown = [...found.criticalUnknown, ...unknownQualifiers]
  },
  33: (reader, found) => {
    found.policyMappings = readPolicyMappings(reader)
  },
  35: (reader, found) => {
    found.authorityKeyPart = passAuthorityKeyIdentifier(reader)
  },
  36: (reader, found) => {
    found.policyConstraints = readPolicyConstraints(reader)
  },
  37: (reader, found) => {
    found.extendedKeyUsage = readExtendedKeyUsage(reader)
  },
  46: (reader, found) => {
    found.freshestCrlPart = reader.at
    passDistributionPoints(reader)
  },
  54: (reader, found) => {
    found.inhibitAnyPolicy = readInhibitAnyPolicy(reader)
  },
}

/** RFC 6960 4.2.2.2.1: id-pkix-ocsp-nocheck says something to OCSP clients only, which this core is none of. */
const ocspNoCheck = Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 0x30, 1, 5)

const readOcspNoCheck: ReadExtension = (reader) => {
  reader.pass(tag.null, 'OCSP no-check')
}

/**
 * RFC 5280 4.1: `Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension`, each at most once (4.2).
 *
 * @param isNameless whether the certificate's subject is empty
 */
export function readExtensions(reader: DerReader, isNameless = false): Extensions {
  const outer = reader.open(tag.sequence, 'extensions')
  if (reader.done) reader.fail('at least one extension')
  const found = new ReadExtensions(reader.bytes, isNameless)
  const first = reader.at
  let met = 0
  for (let count = 0; !reader.done; count += 1) {
    if (count === extensionsMax) reader.fail(`at most ${extensionsMax} extensions`)
    met |= readExtension(reader, found, first, met)
  }
  reader.close(outer)
  return found
}

/**
 * Identifiers are compared as octets, where they stand: one is written out only for people.
 *
 * @param first where the first extension starts
 * @param met one bit for the last octet, modulo 32, of each identifier before: only where it is
 *   among them can this one be a repeated one, and is looked for
 * @returns this one's bit
 */
function readExtension(
  reader: DerReader,
  found: ReadExtensions,
  first: number,
  met: number,
): number {
  const element = reader.at
  const outer = reader.open(tag.sequence, 'extension')
  const type = reader.at + 2
  const arc = passIdCe(reader)
  if (arc === none) passOid(reader, 'extnID')
  const typeEnd = reader.at
  const bit = 1 << (reader.octet(typeEnd - 1) & 31)
  if ((met & bit) !== 0 && isAmong(reader, first, element, type)) {
    reader.fail(`extension ${dottedAt(reader, type, typeEnd)} only once`, element)
  }
  const critical = readCritical(reader)
  const read = arc === none ? rowOutside(reader.bytes, type, typeEnd) : rows[arc]
  const outside = reader.open(tag.octetString, 'extnValue')
  if (read !== undefined) read(reader, found, critical)
  else {
    reader.at = reader.end
    if (critical)
      found.criticalUnknown = [...found.criticalUnknown, dottedAt(reader, type, typeEnd)]
  }
  reader.close(outside)
  reader.close(outer)
  return bit
}

/** In place of an arc: the identifier is not one under id-ce. */
const none = -1

/**
 * Passes over an identifier under id-ce, 2.5.29, whose last arc is below 64: all that RFC 5280 and
 * X.509 define are.
 *
 * @returns the arc, or `none` where another element follows
 */
function passIdCe(reader: DerReader): number {
  const { bytes, at } = reader
  if (bytes[at] !== tag.oid || bytes[at + 1] !== 3 || at + 5 > reader.end) return none
  if (bytes[at + 2] !== 0x55 || bytes[at + 3] !== 0x1d) return none
  const arc = bytes[at + 4] ?? 64
  if (arc >= 64) return none
  reader.at = at + 5
  return arc
}

/** Whether the identifier that ends where the reader is stood in an extension between two offsets. */
function isAmong(reader: DerReader, first: number, until: number, type: number): boolean {
  const { bytes, at: end } = reader
  const earlier = new DerReader(bytes, first, until)
  while (!earlier.done) {
    const outer = earlier.open(tag.sequence, 'extension')
    const start = earlier.passContent(tag.oid, 'extnID')
    const isAsLong = earlier.at - start === end - type
    if (isAsLong && repeatsAt(bytes, start, type, end - type)) return true
    earlier.at = earlier.end
    earlier.end = outer
  }
  return false
}

/** The row of an identifier outside id-ce: there is one. */
function rowOutside(bytes: Bytes, start: number, end: number): ReadExtension | undefined {
  const isNoCheck = end - start === ocspNoCheck.length && standsAt(bytes, start, ocspNoCheck)
  return isNoCheck ? readOcspNoCheck : undefined
}

function dottedAt({ bytes }: DerReader, start: number, end: number): string {
  return dottedOid(bytes.subarray(start, end)) ?? ''
}

/** `critical BOOLEAN DEFAULT FALSE`: DER does not encode a default (X.690 11.5). */
function readCritical(reader: DerReader): boolean {
  if (reader.nextTag !== tag.boolean) return false
  if (!reader.boolean('critical')) reader.fail('critical only where it is true')
  return true
}

/**
 * The frame of extensions of CRLs and of CRL entries: identifier, criticality (whose default
 * DER does not encode) and the octets of the value. Refuses a repeated identifier.
 */
export function readExtensionFrame(
  reader: DerReader,
  seen: Set<string>,
): { readonly oid: string; readonly critical: boolean; readonly value: Bytes } {
  const start = reader.at
  const outer = reader.open(tag.sequence, 'extension')
  const oid = readOid(reader, 'extnID')
  if (seen.has(oid)) reader.fail(`extension ${oid} only once`, start)
  if (seen.size === extensionsMax) reader.fail(`at most ${extensionsMax} extensions`, start)
  seen.add(oid)
  const critical = readCritical(reader)
  const value = reader.content(tag.octetString, 'extnValue')
  reader.close(outer)
  return { oid, critical, value }
}

/** A reader over part of the same buffer, so that offsets in faults stay those of the whole. */
export function readerInside(reader: DerReader, part: Bytes): DerReader {
  const at = part.byteOffset - reader.bytes.byteOffset
  return new DerReader(reader.bytes, at, at + part.length)
}

/** What nearly all say: one of each is enough. */
const endEntity = { ca: false, pathLength: undefined } as const
const authority = { ca: true, pathLength: undefined } as const

/** RFC 5280 4.2.1.9. */
function readBasicConstraints(reader: DerReader): NonNullable<Extensions['basicConstraints']> {
  const outer = reader.open(tag.sequence, 'basicConstraints')
  const ca = reader.nextTag === tag.boolean && reader.boolean('cA')
  const pathLength =
    reader.nextTag === tag.integer ? reader.smallInteger('pathLenConstraint') : undefined
  reader.close(outer)
  if (pathLength === undefined) return ca ? authority : endEntity
  return { ca, pathLength }
}

/**
 * RFC 5280 4.2.1.3, where at least one bit MUST be set.
 *
 * @returns where the BIT STRING starts
 */
function passKeyUsage(reader: DerReader): number {
  const element = reader.at
  const start = reader.passNamedBits('keyUsage')
  if (!hasBit(reader, start)) reader.fail('keyUsage with at least one bit', element)
  return element
}

/** Whether a bit is set from `start` to where the reader is. */
function hasBit(reader: DerReader, start: number): boolean {
  for (let at = start; at < reader.at; at += 1) if (reader.octet(at) !== 0) return true
  return false
}

/** RFC 5280 4.2.1.12. */
function readExtendedKeyUsage(reader: DerReader): string[] {
  const outer = reader.open(tag.sequence, 'extKeyUsage')
  if (reader.done) reader.fail('at least one KeyPurposeId')
  const purposes = [readKeyPurpose(reader)]
  while (!reader.done) purposes.push(readKeyPurpose(reader))
  reader.close(outer)
  return purposes
}

/** id-kp, 1.3.6.1.5.5.7.3: the arc of nearly every purpose. */
const idKp = Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 3)

/** Purposes under id-kp by their last arc, below 128: written out once each. */
const knownPurposes: string[] = []

function readKeyPurpose(reader: DerReader): string {
  const start = passOid(reader, 'KeyPurposeId')
  const last = reader.at - 1
  const isUnderIdKp = last - start === idKp.length && standsAt(reader.bytes, start, idKp)
  if (!isUnderIdKp) return dottedAt(reader, start, reader.at)
  const arc = reader.octet(last)
  return (knownPurposes[arc] ??= `1.3.6.1.5.5.7.3.${arc}`)
}

/** RFC 5280 4.2.1.2. */
function readSubjectKeyIdentifier(reader: DerReader): Bytes {
  return reader.content(tag.octetString, 'subjectKeyIdentifier')
}

/** RFC 5280 4.2.1.1: only the key identifier is a hint worth having. */
export function readAuthorityKeyIdentifier(reader: DerReader): Bytes | undefined {
  const outer = reader.open(tag.sequence, 'authorityKeyIdentifier')
  const isPresent = reader.nextTag === tag.context(0)
  const keyIdentifier = isPresent ? reader.content(tag.context(0), 'keyIdentifier') : undefined
  while (!reader.done) reader.skip('authorityCertIssuer or authorityCertSerialNumber')
  reader.close(outer)
  return keyIdentifier
}

/** The same without a view: where the SEQUENCE starts. */
function passAuthorityKeyIdentifier(reader: DerReader): number {
  const element = reader.at
  const outer = reader.open(tag.sequence, 'authorityKeyIdentifier')
  if (reader.nextTag === tag.context(0)) reader.skip('keyIdentifier')
  while (!reader.done) reader.skip('authorityCertIssuer or authorityCertSerialNumber')
  reader.close(outer)
  return element
}

/**
 * RFC 5280 4.2.1.6: names are checked one by one, and made into texts when somebody asks for them.
 *
 * @returns where the SEQUENCE starts
 */
function passAltNames(reader: DerReader, found: ReadExtensions): number {
  const element = reader.at
  const outer = reader.open(tag.sequence, 'subjectAltName')
  let hasUri = false
  if (reader.done) reader.fail('at least one GeneralName')
  for (let count = 0; !reader.done; count += 1) {
    if (count === altNamesMax) reader.fail(`at most ${altNamesMax} names`)
    if (reader.nextTag === tag.context(6)) {
      found.onlyUriPart = hasUri ? undefined : reader.at
      hasUri = true
    }
    passAltName(reader)
  }
  reader.close(outer)
  return element
}

function passAltName(reader: DerReader): void {
  const element = reader.at
  const isAddress = reader.nextTag === tag.context(7)
  const octets = passGeneralName(reader)
  if (isAddress && octets !== 4 && octets !== 16) {
    reader.fail('iPAddress of 4 or 16 octets', element)
  }
}

/** The forms that name devices, and all forms together; of names that `passAltNames` has checked. */
function readAltNames(reader: DerReader): SubjectAltNames {
  reader.open(tag.sequence, 'subjectAltName')
  const names = { dns: noTexts(), uris: noTexts(), emails: noTexts(), ips: noOctets() }
  const all: GeneralName[] = []
  while (!reader.done) {
    const name = readGeneralName(reader)
    all.push(name)
    if (name.form === 'dns') names.dns.push(name.text)
    else if (name.form === 'uri') names.uris.push(name.text)
    else if (name.form === 'email') names.emails.push(name.text)
    else if (name.form === 'ip') names.ips.push(name.octets)
  }
  return { ...names, all }
}

const noTexts = (): string[] => []
const noOctets = (): Bytes[] => []
