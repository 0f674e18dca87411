import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { DerReader, parseDer, tag } from '#shared/der/reader.ts'
import { readIssuingDistributionPoint } from '#shared/revocation/issuing-distribution-point.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { DistributionPointName } from '#shared/x509/distribution-points.ts'
import { listsInForce, type StoreDocument } from '../managed/document.ts'

/**
 * Addresses at which a store's own files say that lists are published: CRL distribution points and
 * freshest-CRL points of its certificates (RFC 5280 4.2.1.13, 4.2.1.15), and the names that lists in
 * force bear themselves (5.2.5). Each once, http and https alone, in the order met.
 *
 * The lists of an issuing CA are named in the certificates that it issues, which a store does not
 * hold: those sources are added by their address, or found when the first list came by upload.
 */
export function publishedAddresses(
  certificates: readonly Certificate[],
  document: Pick<StoreDocument, 'lists'>,
): readonly string[] {
  const ofCertificates = certificates.flatMap(({ extensions }) =>
    [...(extensions.crlDistributionPoints ?? []), ...(extensions.freshestCrl ?? [])].map(
      ({ name }) => name,
    ),
  )
  const ofLists = listsInForce(document).map(({ scope }) => scope && nameOfScope(scope))
  const addresses = [...ofCertificates, ...ofLists].flatMap((name) => (name ? urisOf(name) : []))
  return [...new Set(addresses)].filter((address) => /^https?:/i.test(address))
}

/** The scope was read when its list was taken; undefined also where it names no point. */
function nameOfScope(scope: string): DistributionPointName | undefined {
  const der = fromBase64(scope)
  const read = der && parseDer(der, readIssuingDistributionPoint)
  return read?.ok === true ? read.value.name : undefined
}

function urisOf(name: DistributionPointName): readonly string[] {
  return name.kind === 'full' ? name.names.flatMap((each) => uriOf(each) ?? []) : []
}

/** RFC 5280 4.2.1.6: `uniformResourceIdentifier [6] IA5String`. */
function uriOf(generalName: Bytes): string | undefined {
  if (generalName[0] !== tag.context(6)) return undefined
  const content = new DerReader(generalName).content(tag.context(6), 'URI')
  return content.every((octet) => octet > 0x20 && octet < 0x7f)
    ? new TextDecoder().decode(content)
    : undefined
}
