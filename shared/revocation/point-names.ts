import { toHex, type Bytes } from '#shared/bytes.ts'
import { DerReader, tag } from '#shared/der/reader.ts'
import { nameKey } from '#shared/x509/name.ts'
import type { DistributionPointName } from '#shared/x509/distribution-points.ts'
import { element } from './der-element.ts'

/** DER of the Name inside a GeneralName, or undefined where it is of another form. */
export function directoryName(generalName: Bytes): Bytes | undefined {
  const isDirectoryName = generalName[0] === tag.contextConstructed(4)
  if (!isDirectoryName) return undefined
  return new DerReader(generalName).content(tag.contextConstructed(4), 'directoryName')
}

/** Keys of GeneralNames: equal where the names are (RFC 5280 6.3.3 (b)(2)(i)). */
export function generalNameKeys(names: readonly Bytes[]): readonly string[] {
  return names.map((name) => {
    const directory = directoryName(name)
    return directory === undefined ? toHex(name) : directoryKey(directory)
  })
}

/** The key of a directoryName among those of other GeneralNames: equal where the Names are (RFC 5280 7.1). */
export function directoryKey(name: Bytes): string {
  return `name ${nameKey(name)}`
}

/**
 * Keys of a distribution point's names.
 *
 * @param issuer Name of the CRL issuer, which a relative name is appended to (RFC 5280 4.2.1.13)
 */
export function pointNameKeys(point: DistributionPointName, issuer: Bytes): readonly string[] {
  if (point.kind === 'full') return generalNameKeys(point.names)
  return [directoryKey(appendRdn(issuer, point.rdn))]
}

function appendRdn(name: Bytes, rdn: Bytes): Bytes {
  const names = new DerReader(name).content(tag.sequence, 'Name')
  return element(tag.sequence, names, element(tag.set, rdn))
}
