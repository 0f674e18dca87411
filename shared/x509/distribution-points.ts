import type { Bytes } from '#shared/bytes.ts'
import { DerReader, tag } from '#shared/der/reader.ts'

/** Where a CRL is to be had, or what it is called (RFC 5280 4.2.1.13): only compared, never fetched. */
export type DistributionPointName =
  /** DER of each GeneralName. */
  | { readonly kind: 'full'; readonly names: readonly Bytes[] }
  /** Content octets of the RelativeDistinguishedName that is appended to the CRL issuer's Name. */
  | { readonly kind: 'relative'; readonly rdn: Bytes }

/** One DistributionPoint (RFC 5280 4.2.1.13). */
export interface DistributionPoint {
  readonly name: DistributionPointName | undefined
  /** The reasons its CRL covers; undefined where it covers all. */
  readonly reasons: Bytes | undefined
  /** DER of the GeneralNames of whoever signs its CRL, where that is not the certificate's issuer. */
  readonly crlIssuers: readonly Bytes[] | undefined
}

/** Points of one certificate: certificates in the field have one to four (one a group of reasons at most). */
const pointsMax = 16

/** Names of one point: one a protocol or a replica; PKITS uses two. */
const pointNamesMax = 32

/**
 * RFC 5280 4.2.1.13 and 4.2.1.15: `CRLDistributionPoints`, which freshestCRL is made of as well. Points
 * are checked one by one, and made into views when somebody asks for them: only lists of a part of an
 * issuer's certificates are compared with them.
 *
 * @returns whether one of them has a cRLIssuer
 */
export function passDistributionPoints(reader: DerReader): boolean {
  const outer = reader.open(tag.sequence, 'CRLDistributionPoints')
  if (reader.done) reader.fail('at least one DistributionPoint')
  let hasIssuer = false
  for (let count = 0; !reader.done; count += 1) {
    if (count === pointsMax) reader.fail(`at most ${pointsMax} distribution points`)
    if (passDistributionPoint(reader)) hasIssuer = true
  }
  reader.close(outer)
  return hasIssuer
}

/** @returns whether it has a cRLIssuer */
function passDistributionPoint(reader: DerReader): boolean {
  const start = reader.at
  const outer = reader.open(tag.sequence, 'DistributionPoint')
  const isNamed = passPointName(reader)
  if (reader.nextTag === tag.context(1)) reader.passNamedBits('ReasonFlags', tag.context(1))
  const hasIssuer = reader.nextTag === tag.contextConstructed(2)
  if (hasIssuer) passGeneralNames(reader, tag.contextConstructed(2), 'cRLIssuer')
  reader.close(outer)
  // RFC 5280 4.2.1.13: a point never consists of reasons alone.
  if (!isNamed && !hasIssuer) reader.fail('distributionPoint or cRLIssuer', start)
  return hasIssuer
}

function passPointName(reader: DerReader): boolean {
  const outer = reader.openOptional(tag.contextConstructed(0), 'distributionPoint')
  if (outer === -1) return false
  if (reader.nextTag === tag.contextConstructed(1)) reader.skip('relative name')
  else passGeneralNames(reader, tag.contextConstructed(0), 'fullName')
  reader.close(outer)
  return true
}

/** Of points that `passDistributionPoints` has checked. */
export function readDistributionPoints(reader: DerReader): readonly DistributionPoint[] {
  const points: DistributionPoint[] = []
  reader.open(tag.sequence, 'CRLDistributionPoints')
  while (!reader.done) points.push(readDistributionPoint(reader))
  return points
}

function readDistributionPoint(reader: DerReader): DistributionPoint {
  const outer = reader.open(tag.sequence, 'DistributionPoint')
  const name = readPointName(reader)
  const reasons = readReasons(reader, 1)
  const crlIssuers =
    reader.nextTag === tag.contextConstructed(2)
      ? readGeneralNames(reader, tag.contextConstructed(2), 'cRLIssuer')
      : undefined
  reader.close(outer)
  return { name, reasons, crlIssuers }
}

/** `distributionPoint [0] DistributionPointName OPTIONAL`, of a point and of a CRL's scope alike. */
export function readPointName(reader: DerReader): DistributionPointName | undefined {
  const outer = reader.openOptional(tag.contextConstructed(0), 'distributionPoint')
  if (outer === -1) return undefined
  const name: DistributionPointName =
    reader.nextTag === tag.contextConstructed(1)
      ? { kind: 'relative', rdn: reader.content(tag.contextConstructed(1), 'relative name') }
      : { kind: 'full', names: readGeneralNames(reader, tag.contextConstructed(0), 'fullName') }
  reader.close(outer)
  return name
}

/** `ReasonFlags` under a context tag: octets of the named bits, or undefined where there are none. */
export function readReasons(reader: DerReader, number: number): Bytes | undefined {
  if (reader.nextTag !== tag.context(number)) return undefined
  return reader.namedBits('ReasonFlags', tag.context(number))
}

/** DER of each name of a `GeneralNames` under a tag (RFC 5280 4.2.1.6). */
export function readGeneralNames(
  reader: DerReader,
  expectedTag: number,
  expected: string,
): readonly Bytes[] {
  const inside = new DerReader(reader.bytes, reader.at, reader.end)
  passGeneralNames(reader, expectedTag, expected)
  inside.open(expectedTag, expected)
  // One is what nearly all have: an array that starts with it has room for no more.
  const names = [inside.element(inside.nextTag, 'GeneralName')]
  while (!inside.done) names.push(inside.element(inside.nextTag, 'GeneralName'))
  return names
}

function passGeneralNames(reader: DerReader, expectedTag: number, expected: string): void {
  const outer = reader.open(expectedTag, expected)
  if (reader.done) reader.fail('at least one GeneralName')
  for (let count = 0; !reader.done; count += 1) {
    if (count === pointNamesMax) reader.fail(`at most ${pointNamesMax} names`)
    reader.skip('GeneralName')
  }
  reader.close(outer)
}
