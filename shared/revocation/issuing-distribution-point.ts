import type { Bytes } from '#shared/bytes.ts'
import { tag, type DerReader } from '#shared/der/reader.ts'
import {
  readPointName,
  readReasons,
  type DistributionPointName,
} from '#shared/x509/distribution-points.ts'

/** What a CRL answers for, where it is not everything of its issuer (RFC 5280 5.2.5). */
export interface CrlScope {
  /** The extension's value: two lists have one scope where these octets are equal. */
  readonly der: Bytes
  readonly name: DistributionPointName | undefined
  readonly only: 'user' | 'ca' | 'attribute' | undefined
  readonly reasons: Bytes | undefined
  /** Entries may be of certificates of other issuers. */
  readonly indirect: boolean
}

/** RFC 5280 5.2.5: `IssuingDistributionPoint`, never empty, of one kind of certificate at most. */
export function readIssuingDistributionPoint(reader: DerReader): CrlScope {
  const start = reader.at
  const outer = reader.open(tag.sequence, 'issuingDistributionPoint')
  if (reader.done) reader.fail('an issuingDistributionPoint that is not empty', start)
  const name = readPointName(reader)
  const user = readFlag(reader, 1, 'onlyContainsUserCerts')
  const ca = readFlag(reader, 2, 'onlyContainsCACerts')
  const reasons = readReasons(reader, 3)
  const indirect = readFlag(reader, 4, 'indirectCRL')
  const attribute = readFlag(reader, 5, 'onlyContainsAttributeCerts')
  reader.close(outer)
  if (Number(user) + Number(ca) + Number(attribute) > 1) {
    reader.fail('one kind of certificate at most', start)
  }
  const only = user ? 'user' : ca ? 'ca' : attribute ? 'attribute' : undefined
  return { der: reader.bytes.subarray(start, reader.at), name, only, reasons, indirect }
}

/** `[n] BOOLEAN DEFAULT FALSE`: DER does not encode the default (X.690 11.5). */
function readFlag(reader: DerReader, number: number, expected: string): boolean {
  // The module's tags are implicit; lists that tag explicitly are about, and mean the same flag.
  if (reader.nextTag === tag.contextConstructed(number))
    return readExplicitFlag(reader, number, expected)
  if (reader.nextTag !== tag.context(number)) return false
  const start = reader.at
  const content = reader.content(tag.context(number), expected)
  if (content.length !== 1 || content[0] !== 0xff) reader.fail(`${expected} as FF`, start)
  return true
}

function readExplicitFlag(reader: DerReader, number: number, expected: string): boolean {
  const outer = reader.open(tag.contextConstructed(number), expected)
  const flag = reader.boolean(expected)
  if (!flag) reader.fail(`${expected} as FF`)
  reader.close(outer)
  return flag
}
