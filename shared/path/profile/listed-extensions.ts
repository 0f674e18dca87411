import type { Bytes } from '#shared/bytes.ts'
import { parseDer, tag, type DerFault, type DerReader } from '#shared/der/reader.ts'
import type { Result } from '#shared/result.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { readExtensionFrame } from '#shared/x509/extensions.ts'

/** One extension as it stands in a certificate, whether the core processes it or not. */
export interface ListedExtension {
  readonly critical: boolean
  /** DER of the extension's own type. */
  readonly value: Bytes
}

/** By dotted identifier; a certificate has each once. */
export type ListedExtensions = ReadonlyMap<string, ListedExtension>

/**
 * The extensions of a certificate with their criticality, which path validation never asks for once
 * a certificate is read: only a profile does, so they are read again for it.
 *
 * @returns a fault only where the certificate has not come from `parseCertificate`
 */
export function listedExtensions({
  tbs,
}: Pick<Certificate, 'tbs'>): Result<ListedExtensions, DerFault> {
  return parseDer(tbs, (reader) => {
    const outer = reader.open(tag.sequence, 'TBSCertificate')
    while (!reader.done && reader.nextTag !== tag.contextConstructed(3)) reader.skip('a field')
    const listed = reader.done ? new Map<string, ListedExtension>() : readList(reader)
    reader.close(outer)
    return listed
  })
}

function readList(reader: DerReader): Map<string, ListedExtension> {
  const listed = new Map<string, ListedExtension>()
  const seen = new Set<string>()
  const explicit = reader.open(tag.contextConstructed(3), 'extensions')
  const outer = reader.open(tag.sequence, 'Extensions')
  while (!reader.done) {
    const { oid, critical, value } = readExtensionFrame(reader, seen)
    listed.set(oid, { critical, value })
  }
  reader.close(outer)
  reader.close(explicit)
  return listed
}
