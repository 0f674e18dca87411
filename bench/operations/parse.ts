import { X509Certificate as NodeCertificate } from 'node:crypto'
import type { Bytes } from '#shared/bytes.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { atOnce, expectTrue, octetsOf, type Operations } from './operation.ts'
import { readPeculiar, readPkijs } from './peers.ts'
import { valueOf } from './relying-party.ts'

/**
 * A leaf from its DER. All of them leave some values to be made when they are asked for; ours has
 * read every extension by then, and refused what is not DER.
 */
export const parseOperations: Operations = (fixture) => {
  const leaf = octetsOf(fixture, 'leaves')
  return [
    atOnce('ours', () => expectTrue(parseCertificate(leaf).ok, 'parseCertificate')),
    atOnce('ours, every value taken', () => readEveryValue(leaf)),
    atOnce('node X509Certificate', () => new NodeCertificate(leaf)),
    atOnce('@peculiar/x509', () => readPeculiar(leaf)),
    atOnce('pkijs', () => readPkijs(leaf)),
  ]
}

const fields = ['tbs', 'serial', 'issuer', 'subject', 'spki', 'signature', 'validity'] as const
const extensions = [
  'basicConstraints',
  'keyUsage',
  'extendedKeyUsage',
  'subjectKeyIdentifier',
  'authorityKeyIdentifier',
  'subjectAltNames',
  'crlDistributionPoints',
] as const satisfies readonly (keyof Certificate['extensions'])[]

/** Parses and asks for all that a leaf of the fixture has. */
export function readEveryValue(leaf: Bytes): void {
  const certificate = valueOf(parseCertificate(leaf))
  for (const field of fields) expectTrue(certificate[field] !== undefined, field)
  for (const name of extensions) expectTrue(certificate.extensions[name] !== undefined, name)
}
