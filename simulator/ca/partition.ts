import type { Bytes } from '#shared/bytes.ts'
import { sequence, tagged, taggedText } from './der.ts'

/**
 * Which of its issuer's lists would name a certificate, from 1: by the last octet of its serial, which
 * is drawn, so that the lists grow alike.
 *
 * @param serial octets, as in the certificate
 */
export function partitionOf(serial: Uint8Array, partitions: number): number {
  return ((serial.at(-1) ?? 0) % partitions) + 1
}

/**
 * RFC 5280 4.2.1.13, DistributionPointName: where one of an issuer's lists is to be had. The same octets
 * stand in the certificates that it is for and in the list itself (5.2.5, 6.3.3 (b)(2)(i)).
 */
function distributionPointName(issuer: string, partition: number): Bytes {
  const uri = `http://crl.fleet.sallyport.example/${issuer}/${partition}.crl`
  return tagged(0, taggedText(6, uri))
}

/** RFC 5280 4.2.1.13, CRLDistributionPoints of one point with a name alone. */
export function distributionPoints(issuer: string, partition: number): Bytes {
  return sequence(sequence(tagged(0, distributionPointName(issuer, partition))))
}

/** RFC 5280 5.2.5, IssuingDistributionPoint with a name alone: every certificate that has this point. */
export function issuingDistributionPoint(issuer: string, partition: number): Bytes {
  return sequence(tagged(0, distributionPointName(issuer, partition)))
}
