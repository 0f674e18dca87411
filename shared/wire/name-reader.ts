import type { Bytes } from '#shared/bytes.ts'
import { readOid } from '#shared/der/oid.ts'
import { parseDer, tag, type DerFault, type DerReader } from '#shared/der/reader.ts'
import type { Result } from '#shared/result.ts'
import { isWholeString } from './name-text.ts'

/** One AttributeTypeAndValue of a Name (RFC 5280 4.1.2.4). Bytes are views. */
export interface NameAttribute {
  /** Dotted object identifier of the type. */
  readonly oid: string
  /** DER of the value, header included. */
  readonly element: Bytes
  /** First octet of `element`. */
  readonly valueTag: number
  /** Content octets of the value. */
  readonly content: Bytes
}

/** The attributes of one RelativeDistinguishedName. */
export type Rdn = readonly NameAttribute[]

/**
 * The relative distinguished names of a DER Name, in the order of the bytes. An RDN without
 * attributes is refused (X.501: SET SIZE (1..MAX)), and so is a string that breaks off inside a
 * character; the order inside an RDN is not looked at.
 */
export function readName(der: Bytes): Result<readonly Rdn[], DerFault> {
  return parseDer(der, (reader) => {
    const rdns: Rdn[] = []
    const outer = reader.open(tag.sequence, 'a Name')
    while (!reader.done) rdns.push(readRdn(reader))
    reader.close(outer)
    return rdns
  })
}

function readRdn(reader: DerReader): Rdn {
  const attributes: NameAttribute[] = []
  const outer = reader.open(tag.set, 'a RelativeDistinguishedName')
  do attributes.push(readAttribute(reader))
  while (!reader.done)
  reader.close(outer)
  return attributes
}

function readAttribute(reader: DerReader): NameAttribute {
  const outer = reader.open(tag.sequence, 'an AttributeTypeAndValue')
  const oid = readOid(reader, 'an attribute type')
  const start = reader.at
  const valueTag = reader.nextTag
  const contentAt = reader.passContent(valueTag, 'an attribute value')
  const element = reader.bytes.subarray(start, reader.at)
  const content = reader.bytes.subarray(contentAt, reader.at)
  reader.close(outer)
  if (!isWholeString({ valueTag, content })) reader.fail('a string of whole characters', start)
  return { oid, element, valueTag, content }
}
