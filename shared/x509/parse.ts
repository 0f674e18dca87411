import type { Bytes } from '#shared/bytes.ts'
import { parseDer, tag, type DerFault, type DerReader } from '#shared/der/reader.ts'
import { readTime } from '#shared/der/time.ts'
import type { Result } from '#shared/result.ts'
import type { Certificate, Extensions } from './certificate.ts'
import { noExtensions, readExtensions } from './extensions.ts'
import { readSigned, type Signed } from './signed.ts'

/** RFC 5280 4.1.2.2: conforming serials have at most 20 octets. */
const serialOctetsMax = 20

/**
 * Parses one certificate (RFC 5280 section 4.1) from DER, strictly: minimal lengths, no trailing
 * bytes, no repeated extension.
 *
 * @returns the certificate, whose fields are views into `der`; or the byte at fault and what belonged there.
 */
export function parseCertificate(der: Bytes): Result<Certificate, DerFault> {
  return parseDer(der, (reader) => readSigned(reader, 'Certificate', readTbs))
}

function readTbs(
  reader: DerReader,
): Omit<Certificate, Exclude<keyof Signed, 'signatureAlgorithm'>> {
  const outer = reader.open(tag.sequence, 'TBSCertificate')
  const version = readVersion(reader)
  const serial = readSerial(reader)
  const signatureAlgorithm = reader.element(tag.sequence, 'signature')
  const issuer = readName(reader, 'issuer')
  const validity = readValidity(reader)
  const subject = readName(reader, 'subject')
  const spki = reader.element(tag.sequence, 'subjectPublicKeyInfo')
  skipUniqueIdentifiers(reader, version)
  const extensions = readOptionalExtensions(reader, version)
  reader.close(outer)
  return { version, serial, signatureAlgorithm, issuer, validity, subject, spki, extensions }
}

/** RFC 5280 4.1.2.1: [0] EXPLICIT, absent for version 1 (whose encoding DER then forbids). */
function readVersion(reader: DerReader): 1 | 2 | 3 {
  const outer = reader.openOptional(tag.contextConstructed(0), 'version')
  if (outer === -1) return 1
  const value = reader.smallInteger('version')
  reader.close(outer)
  if (value !== 1 && value !== 2) return reader.fail('version 2 or 3')
  return value === 1 ? 2 : 3
}

function readSerial(reader: DerReader): Bytes {
  const start = reader.at
  const serial = reader.integer('serialNumber')
  // A positive serial of 20 octets whose high bit is set takes a sign octet more: tolerated, as by
  // every verifier in use, since CAs issued such serials for years.
  const octets = serial[0] === 0 ? serial.length - 1 : serial.length
  if (octets > serialOctetsMax) return reader.fail('serialNumber of at most 20 octets', start)
  return serial
}

/** The Name's own DER: x509/name.ts says when two are one; printed only for people. */
export function readName(reader: DerReader, expected: string): Bytes {
  return reader.element(tag.sequence, expected)
}

function readValidity(reader: DerReader): Certificate['validity'] {
  const outer = reader.open(tag.sequence, 'validity')
  const notBefore = readTime(reader, 'notBefore')
  const notAfter = readTime(reader, 'notAfter')
  reader.close(outer)
  return { notBefore, notAfter }
}

/** RFC 5280 4.1.2.8: out of use, but certificates of version 2 and 3 may carry them. */
function skipUniqueIdentifiers(reader: DerReader, version: 1 | 2 | 3): void {
  for (const number of [1, 2]) {
    if (reader.nextTag !== tag.context(number)) continue
    if (version === 1) reader.fail('no unique identifier in a version 1 certificate')
    reader.skip('uniqueIdentifier')
  }
}

function readOptionalExtensions(reader: DerReader, version: 1 | 2 | 3): Extensions {
  if (reader.nextTag !== tag.contextConstructed(3)) return noExtensions
  // RFC 5280 4.1.2.9: only version 3 has extensions.
  if (version !== 3) reader.fail('no extensions before version 3')
  const outer = reader.open(tag.contextConstructed(3), 'extensions')
  const extensions = readExtensions(reader)
  reader.close(outer)
  return extensions
}
