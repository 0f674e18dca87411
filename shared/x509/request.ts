import type { Bytes } from '#shared/bytes.ts'
import { readOid } from '#shared/der/oid.ts'
import { parseDer, tag, type DerFault, type DerReader } from '#shared/der/reader.ts'
import type { Result } from '#shared/result.ts'
import type { Extensions } from './certificate.ts'
import { noExtensions, readExtensions } from './extensions.ts'
import { passName } from './name-syntax.ts'
import type { Signed } from './signed.ts'

/**
 * A certification request (RFC 2986). What it asks for is the device's wish and nobody's word: a CA
 * decides what of it comes into a certificate. The signature, to be verified with the request's own
 * key, shows that whoever asks holds it. Byte fields are views into `der`.
 */
export interface CertificationRequest extends Signed {
  /** DER of the Name, header included; may be of no RDN. */
  readonly subject: Bytes
  /** DER of the SubjectPublicKeyInfo, header included. */
  readonly spki: Bytes
  /** All of them, in order, each type once. */
  readonly attributes: readonly RequestAttribute[]
  /** What extensionRequest asks for (RFC 2985 5.4.2), read as of a certificate; `noExtensions` without one. At most one of `extensionRequests`. */
  readonly extensions: Extensions
}

/** One attribute (RFC 2986 4.1). */
export interface RequestAttribute {
  /** Dotted object identifier of its type. */
  readonly type: string
  /** DER of the SET of its values, header included: at least one. */
  readonly values: Bytes
}

/**
 * RFC 2985 5.4.2: pkcs-9-at-extensionRequest; and Microsoft's of the same form (szOID_CERT_EXTENSIONS),
 * older than that one, which OpenSSL reads as well: whoever looks at one alone signs what it has not seen.
 */
export const extensionRequests: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.9.14',
  '1.3.6.1.4.1.311.2.1.14',
])

/** PKCS #9 and RFC 7030 4.5.2 name some ten that belong into a request; twice as many is no request. */
const attributesMax = 20

/**
 * Parses one certification request (RFC 2986 section 4) from DER, strictly: minimal lengths, no
 * trailing bytes, no attribute twice.
 *
 * @returns the request, or the byte at fault and what belonged there. The signature is not verified here.
 */
export function parseCertificationRequest(der: Bytes): Result<CertificationRequest, DerFault> {
  return parseDer(der, readRequest)
}

function readRequest(reader: DerReader): CertificationRequest {
  const outer = reader.open(tag.sequence, 'CertificationRequest')
  const start = reader.at
  const info = readInfo(reader)
  const tbs = reader.bytes.subarray(start, reader.at)
  const signatureAlgorithm = reader.element(tag.sequence, 'signatureAlgorithm')
  const signature = reader.octetAlignedBits('signature')
  reader.close(outer)
  return { der: reader.bytes, tbs, signatureAlgorithm, signature, ...info }
}

type Info = Omit<CertificationRequest, keyof Signed>

/** RFC 2986 4.1: CertificationRequestInfo. Its attributes are there even where they are none. */
function readInfo(reader: DerReader): Info {
  const outer = reader.open(tag.sequence, 'CertificationRequestInfo')
  if (reader.smallInteger('version') !== 0) reader.fail('version 0')
  const subjectAt = passName(reader, 'subject')
  const subject = reader.bytes.subarray(subjectAt, reader.at)
  const spki = reader.element(tag.sequence, 'subjectPKInfo')
  const attributes = readAttributes(reader)
  reader.close(outer)
  return { subject, spki, ...attributes }
}

function readAttributes(reader: DerReader): Pick<Info, 'attributes' | 'extensions'> {
  const outer = reader.open(tag.contextConstructed(0), 'attributes')
  const attributes: RequestAttribute[] = []
  let extensions: Extensions | undefined
  while (!reader.done) {
    const start = reader.at
    const inner = reader.open(tag.sequence, 'Attribute')
    const type = readOid(reader, 'type')
    if (attributes.some((each) => each.type === type)) reader.fail(`${type} only once`, start)
    if (attributes.length === attributesMax) {
      reader.fail(`at most ${attributesMax} attributes`, start)
    }
    const valuesAt = reader.at
    if (extensionRequests.has(type)) {
      // Of two that differ each CA would take another one.
      if (extensions !== undefined) reader.fail('one request for extensions', start)
      extensions = readExtensionRequest(reader)
    } else passValues(reader)
    attributes.push({ type, values: reader.bytes.subarray(valuesAt, reader.at) })
    reader.close(inner)
  }
  reader.close(outer)
  return { attributes, extensions: extensions ?? noExtensions }
}

/** RFC 2985 5.4.2: SINGLE VALUE. */
function readExtensionRequest(reader: DerReader): Extensions {
  const outer = reader.open(tag.set, 'values')
  const extensions = readExtensions(reader)
  reader.close(outer)
  return extensions
}

/** RFC 2986 4.1: SET SIZE (1..MAX). */
function passValues(reader: DerReader): void {
  const outer = reader.open(tag.set, 'values')
  if (reader.done) reader.fail('at least one value')
  while (!reader.done) reader.skip('a value')
  reader.close(outer)
}
