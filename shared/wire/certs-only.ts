import type { Bytes } from '#shared/bytes.ts'
import { readOid } from '#shared/der/oid.ts'
import { parseDer, tag, type DerFault, type DerReader } from '#shared/der/reader.ts'
import type { Result } from '#shared/result.ts'
import { element, unsigned } from '#shared/revocation/der-element.ts'

/** RFC 5652 5.1 and 4: id-signedData and id-data, header included. */
const signedDataOid = Uint8Array.of(0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2)
const dataOid = Uint8Array.of(0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1)

/** Browsers' bundles, the largest that go round as PKCS #7, have some 150; an EST answer has ten. */
const certificatesMax = 256

/**
 * A certs-only CMS message (RFC 5272 4.1, RFC 7030 4.1.3): SignedData of no content and no signer.
 *
 * @param certificates DER of each, written in this order; at least one
 * @returns DER of the ContentInfo, without base64
 */
export function writeCertsOnly(certificates: readonly Bytes[]): Bytes {
  const signedData = element(
    tag.sequence,
    unsigned(1),
    element(tag.set),
    element(tag.sequence, dataOid),
    element(tag.contextConstructed(0), ...certificates),
    element(tag.set),
  )
  const content = element(tag.contextConstructed(0), signedData)
  return element(tag.sequence, signedDataOid, content)
}

/**
 * The certificates of a certs-only CMS message, in its order, as views of their DER, which are not
 * parsed here. CRLs in it are passed over. Anything that bears content or a signature is refused,
 * since nobody would verify it.
 *
 * @returns at least one certificate, or the byte at fault and what belonged there
 */
export function readCertsOnly(der: Bytes): Result<readonly Bytes[], DerFault> {
  return parseDer(der, (reader) => {
    const outer = reader.open(tag.sequence, 'ContentInfo')
    expectOid(reader, '1.2.840.113549.1.7.2', 'signedData')
    const content = reader.open(tag.contextConstructed(0), 'content')
    const certificates = readSignedData(reader)
    reader.close(content)
    reader.close(outer)
    return certificates
  })
}

/** RFC 5652 5.1: with certificates of X.509 alone, and no signers, the version is 1. */
function readSignedData(reader: DerReader): readonly Bytes[] {
  const outer = reader.open(tag.sequence, 'SignedData')
  if (reader.smallInteger('version') !== 1) reader.fail('version 1')
  passEmptySet(reader, 'digestAlgorithms of none')
  passNoContent(reader)
  const certificates = readCertificates(reader)
  if (reader.nextTag === tag.contextConstructed(1)) reader.skip('crls')
  passEmptySet(reader, 'signerInfos of none')
  reader.close(outer)
  return certificates
}

function passNoContent(reader: DerReader): void {
  const outer = reader.open(tag.sequence, 'encapContentInfo')
  expectOid(reader, '1.2.840.113549.1.7.1', 'data')
  reader.close(outer)
}

/** RFC 5652 10.2.3: CertificateSet, of which the Certificate is the one choice taken here. */
function readCertificates(reader: DerReader): readonly Bytes[] {
  const outer = reader.open(tag.contextConstructed(0), 'certificates')
  const certificates = [reader.element(tag.sequence, 'a certificate')]
  while (!reader.done) {
    if (certificates.length === certificatesMax) {
      reader.fail(`at most ${certificatesMax} certificates`)
    }
    certificates.push(reader.element(tag.sequence, 'a certificate'))
  }
  reader.close(outer)
  return certificates
}

function passEmptySet(reader: DerReader, expected: string): void {
  const start = reader.at
  if (reader.content(tag.set, expected).length > 0) reader.fail(expected, start)
}

function expectOid(reader: DerReader, oid: string, name: string): void {
  const start = reader.at
  if (readOid(reader, name) !== oid) reader.fail(`${name}, ${oid}`, start)
}
