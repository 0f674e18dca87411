import type { Bytes } from '#shared/bytes.ts'
import { parseDer, tag, type DerFault, type DerReader } from '#shared/der/reader.ts'
import { readTime } from '#shared/der/time.ts'
import type { Result } from '#shared/result.ts'
import { CertificateView } from './certificate-view.ts'
import type { Certificate, Extensions } from './certificate.ts'
import { noExtensions, readExtensions } from './extensions.ts'
import { emptyNameOctets, passName } from './name-syntax.ts'
import { passSignature } from './signed.ts'

/** RFC 5280 4.1.2.2: conforming serials have at most 20 octets. */
const serialOctetsMax = 20

/**
 * Parses one certificate (RFC 5280 section 4.1) from DER, strictly: minimal lengths, no trailing
 * bytes, no repeated extension.
 *
 * @returns the certificate, whose fields are views into `der`; or the byte at fault and what belonged there.
 */
export function parseCertificate(der: Bytes): Result<Certificate, DerFault> {
  return parseDer(der, readCertificate)
}

function readCertificate(reader: DerReader): Certificate {
  const read = new CertificateView(reader.bytes)
  const whole = reader.open(tag.sequence, 'Certificate')
  read.tbsPart = reader.at
  const outer = reader.open(tag.sequence, 'TBSCertificate')
  read.version = readVersion(reader)
  read.serialPart = passSerial(reader)
  const signatureAlgorithm = reader.pass(tag.sequence, 'signature')
  read.signatureAlgorithmPart = signatureAlgorithm
  read.issuerPart = passName(reader, 'issuer')
  read.validity = readValidity(reader)
  const subject = passName(reader, 'subject')
  read.subjectPart = subject
  const isNameless = reader.at - subject === emptyNameOctets
  read.spkiPart = reader.pass(tag.sequence, 'subjectPublicKeyInfo')
  passUniqueIdentifiers(reader, read.version)
  read.extensions = readOptionalExtensions(reader, read.version, isNameless)
  reader.close(outer)
  read.signaturePart = passSignature(reader, signatureAlgorithm)
  reader.close(whole)
  return read
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

/** RFC 5280 4.1.2.2, but for its sign: zero and below were issued, and name a certificate as well. */
function passSerial(reader: DerReader): number {
  const element = reader.at
  const start = reader.passInteger('serialNumber')
  // A positive serial of 20 octets whose high bit is set takes a sign octet more: tolerated, as by
  // every verifier in use, since CAs issued such serials for years.
  const signOctets = reader.octet(start) === 0 ? 1 : 0
  if (reader.at - start - signOctets > serialOctetsMax) {
    return reader.fail('serialNumber of at most 20 octets', element)
  }
  return element
}

function readValidity(reader: DerReader): Certificate['validity'] {
  const outer = reader.open(tag.sequence, 'validity')
  const notBefore = readTime(reader, 'notBefore')
  const notAfter = readTime(reader, 'notAfter')
  reader.close(outer)
  return { notBefore, notAfter }
}

/** RFC 5280 4.1.2.8: out of use, but certificates of version 2 and 3 may carry them. */
function passUniqueIdentifiers(reader: DerReader, version: 1 | 2 | 3): void {
  for (let number = 1; number <= 2; number += 1) {
    if (reader.nextTag !== tag.context(number)) continue
    if (version === 1) reader.fail('no unique identifier in a version 1 certificate')
    reader.skip('uniqueIdentifier')
  }
}

function readOptionalExtensions(
  reader: DerReader,
  version: 1 | 2 | 3,
  isNameless: boolean,
): Extensions {
  if (reader.nextTag !== tag.contextConstructed(3)) return noExtensions
  // RFC 5280 4.1.2.9: only version 3 has extensions.
  if (version !== 3) reader.fail('no extensions before version 3')
  const outer = reader.open(tag.contextConstructed(3), 'extensions')
  const extensions = readExtensions(reader, isNameless)
  reader.close(outer)
  return extensions
}
