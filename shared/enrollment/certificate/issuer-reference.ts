import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { parseDer, tag, type DerReader } from '#shared/der/reader.ts'
import { listedExtensions } from '#shared/path/profile/listed-extensions.ts'
import { albSerial } from '#shared/wire/serial.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { finding } from '../catalogue.ts'
import type { Finding } from '../finding.ts'

const authorityKeyIdentifier = '2.5.29.35'

/** What an authorityKeyIdentifier says of its issuer’s certificate beside the key (RFC 5280 4.2.1.1). */
interface IssuerReference {
  readonly hasIssuer: boolean
  /** Content octets of authorityCertSerialNumber. */
  readonly serial: Bytes | undefined
}

/** RFC 5280 4.2.1.1: issuer and serial of the issuer’s certificate come together. */
export function checkReference(path: string, certificate: Certificate): readonly Finding[] {
  const reference = issuerReferenceOf(certificate)
  if (reference === undefined) return []
  if (reference.hasIssuer === (reference.serial !== undefined)) return []
  const found = reference.hasIssuer ? 'an issuer without a serial' : 'a serial without an issuer'
  return [finding('cert.aki', `${path}.authorityKeyIdentifier`, found, 'both, or neither')]
}

/** The serial that a certificate says its issuer’s certificate has is that one’s. */
export function checkReferenceTo(
  issuer: Certificate,
  path: string,
  certificate: Certificate,
): readonly Finding[] {
  const serial = issuerReferenceOf(certificate)?.serial
  if (serial === undefined || equalBytes(serial, issuer.serial)) return []
  const where = `${path}.authorityKeyIdentifier`
  return [finding('cert.aki', where, `serial ${albSerial(serial)}`, albSerial(issuer.serial))]
}

function issuerReferenceOf(certificate: Certificate): IssuerReference | undefined {
  const listed = listedExtensions(certificate)
  const value = listed.ok ? listed.value.get(authorityKeyIdentifier)?.value : undefined
  const read = value && parseDer(value, readReference)
  return read?.ok === true ? read.value : undefined
}

function readReference(reader: DerReader): IssuerReference {
  const outer = reader.open(tag.sequence, 'authorityKeyIdentifier')
  let hasIssuer = false
  let serial: Bytes | undefined
  while (!reader.done) {
    hasIssuer ||= reader.nextTag === tag.contextConstructed(1)
    if (reader.nextTag === tag.context(2)) serial = reader.content(tag.context(2), 'serialNumber')
    else reader.skip('a field')
  }
  reader.close(outer)
  return { hasIssuer, serial }
}
