import type { Bytes } from '#shared/bytes.ts'
import { readOid } from '#shared/der/oid.ts'
import { DerReader, tag } from '#shared/der/reader.ts'
import type { Extensions, SubjectAltNames } from './certificate.ts'
import { readDistributionPoints } from './distribution-points.ts'
import { readGeneralName, type GeneralName } from './general-name.ts'
import { readNameConstraints } from './name-constraints.ts'
import {
  readCertificatePolicies,
  readInhibitAnyPolicy,
  readPolicyConstraints,
  readPolicyMappings,
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
  certificatePolicies: undefined,
  nameConstraints: undefined,
  policyMappings: undefined,
  policyConstraints: undefined,
  inhibitAnyPolicy: undefined,
  crlDistributionPoints: undefined,
  freshestCrl: undefined,
  criticalUnknown: [],
}

/** RFC 6960 4.2.2.2.1: id-pkix-ocsp-nocheck says something to OCSP clients only, which this core is none of. */
const ocspNoCheck = '1.3.6.1.5.5.7.48.1.5'

type Mutable<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] }
type Draft = Mutable<Extensions> & { criticalUnknown: string[] }
type ReadExtension = (reader: DerReader, draft: Draft, critical: boolean) => void

/** What this core processes, by dotted identifier: one row an extension (RFC 5280 4.2.1). */
const readers: Readonly<Record<string, ReadExtension>> = {
  [ocspNoCheck]: (reader) => {
    reader.content(tag.null, 'OCSP no-check')
  },
  '2.5.29.14': (reader, draft) => {
    draft.subjectKeyIdentifier = reader.content(tag.octetString, 'subjectKeyIdentifier')
  },
  '2.5.29.15': (reader, draft) => {
    draft.keyUsage = reader.namedBits('keyUsage')
  },
  '2.5.29.17': (reader, draft) => {
    draft.subjectAltNames = readAltNames(reader)
  },
  '2.5.29.19': (reader, draft) => {
    draft.basicConstraints = readBasicConstraints(reader)
  },
  '2.5.29.30': (reader, draft) => {
    draft.nameConstraints = readNameConstraints(reader)
  },
  '2.5.29.31': (reader, draft) => {
    draft.crlDistributionPoints = readDistributionPoints(reader)
  },
  '2.5.29.32': (reader, draft, critical) => {
    const { policies, unknownQualifiers } = readCertificatePolicies(reader)
    draft.certificatePolicies = policies
    // RFC 5280 4.2.1.4: a critical one is understood with its qualifiers, or not at all.
    if (critical) draft.criticalUnknown.push(...unknownQualifiers)
  },
  '2.5.29.33': (reader, draft) => {
    draft.policyMappings = readPolicyMappings(reader)
  },
  '2.5.29.35': (reader, draft) => {
    draft.authorityKeyIdentifier = readAuthorityKeyIdentifier(reader)
  },
  '2.5.29.36': (reader, draft) => {
    draft.policyConstraints = readPolicyConstraints(reader)
  },
  '2.5.29.37': (reader, draft) => {
    draft.extendedKeyUsage = readExtendedKeyUsage(reader)
  },
  '2.5.29.54': (reader, draft) => {
    draft.inhibitAnyPolicy = readInhibitAnyPolicy(reader)
  },
  '2.5.29.46': (reader, draft) => {
    draft.freshestCrl = readDistributionPoints(reader)
  },
}

/** RFC 5280 4.1: `Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension`, each at most once (4.2). */
export function readExtensions(reader: DerReader): Extensions {
  const outer = reader.open(tag.sequence, 'extensions')
  if (reader.done) reader.fail('at least one extension')
  const draft: Draft = { ...noExtensions, criticalUnknown: [] }
  const seen = new Set<string>()
  while (!reader.done) readExtension(reader, draft, seen)
  reader.close(outer)
  return draft
}

function readExtension(reader: DerReader, draft: Draft, seen: Set<string>): void {
  const { oid, critical, value } = readExtensionFrame(reader, seen)
  const read = readers[oid]
  if (read === undefined) {
    if (critical) draft.criticalUnknown.push(oid)
    return
  }
  const inner = readerInside(reader, value)
  read(inner, draft, critical)
  inner.close(inner.end)
}

/**
 * The frame that certificates, CRLs and CRL entries share: identifier, criticality (whose default
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
  const isEncoded = reader.nextTag === tag.boolean
  const critical = isEncoded && reader.boolean('critical')
  // DEFAULT FALSE: DER does not encode a default (X.690 11.5).
  if (isEncoded && !critical) reader.fail('critical only where it is true', start)
  const value = reader.content(tag.octetString, 'extnValue')
  reader.close(outer)
  return { oid, critical, value }
}

/** A reader over part of the same buffer, so that offsets in faults stay those of the whole. */
export function readerInside(reader: DerReader, part: Bytes): DerReader {
  const at = part.byteOffset - reader.bytes.byteOffset
  return new DerReader(reader.bytes, at, at + part.length)
}

/** RFC 5280 4.2.1.9. */
function readBasicConstraints(reader: DerReader): NonNullable<Extensions['basicConstraints']> {
  const outer = reader.open(tag.sequence, 'basicConstraints')
  const ca = reader.nextTag === tag.boolean && reader.boolean('cA')
  const pathLength =
    reader.nextTag === tag.integer ? reader.smallInteger('pathLenConstraint') : undefined
  reader.close(outer)
  return { ca, pathLength }
}

/** RFC 5280 4.2.1.12. */
function readExtendedKeyUsage(reader: DerReader): string[] {
  const outer = reader.open(tag.sequence, 'extKeyUsage')
  if (reader.done) reader.fail('at least one KeyPurposeId')
  const purposes: string[] = []
  while (!reader.done) purposes.push(readOid(reader, 'KeyPurposeId'))
  reader.close(outer)
  return purposes
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

/** RFC 5280 4.2.1.6: the forms that name devices, and all forms together. */
function readAltNames(reader: DerReader): SubjectAltNames {
  const outer = reader.open(tag.sequence, 'subjectAltName')
  if (reader.done) reader.fail('at least one GeneralName')
  const all: GeneralName[] = []
  while (!reader.done) {
    if (all.length === altNamesMax) reader.fail(`at most ${altNamesMax} names`)
    all.push(readAltName(reader))
  }
  reader.close(outer)
  return altNamesOf(all)
}

function readAltName(reader: DerReader): GeneralName {
  const start = reader.at
  const name = readGeneralName(reader)
  if (name.form === 'ip' && name.octets.length !== 4 && name.octets.length !== 16) {
    reader.fail('iPAddress of 4 or 16 octets', start)
  }
  return name
}

function altNamesOf(all: readonly GeneralName[]): SubjectAltNames {
  const textsOf = (form: 'dns' | 'uri' | 'email') =>
    all.flatMap((name) => ('text' in name && name.form === form ? [name.text] : []))
  const ips = all.flatMap((name) => (name.form === 'ip' ? [name.octets] : []))
  return { dns: textsOf('dns'), uris: textsOf('uri'), emails: textsOf('email'), ips, all }
}
