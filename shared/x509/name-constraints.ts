import type { Bytes } from '#shared/bytes.ts'
import { tag, type DerReader } from '#shared/der/reader.ts'
import { readGeneralName, type GeneralName } from './general-name.ts'

/** RFC 5280 4.2.1.10: the name spaces that every name below a CA lies in, or keeps out of. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

/**
 * Subtrees of one list: the longest lists in the field, of CAs of states, have a few hundred; as
 * many as this fit no certificate that `defaultLimits` let a device present.
 */
const subtreesMax = 2048

/** `NameConstraints`: at least one of both lists, none of them empty. */
export function readNameConstraints(reader: DerReader): NameConstraints {
  const outer = reader.open(tag.sequence, 'nameConstraints')
  if (reader.done) reader.fail('permittedSubtrees or excludedSubtrees')
  const permitted = readSubtrees(reader, 0, 'permittedSubtrees')
  const excluded = readSubtrees(reader, 1, 'excludedSubtrees')
  reader.close(outer)
  return { permitted, excluded }
}

function readSubtrees(reader: DerReader, number: number, expected: string): GeneralName[] {
  const subtrees: GeneralName[] = []
  const outer = reader.openOptional(tag.contextConstructed(number), expected)
  if (outer === -1) return subtrees
  if (reader.done) reader.fail('at least one GeneralSubtree')
  while (!reader.done) {
    if (subtrees.length === subtreesMax) reader.fail(`at most ${subtreesMax} subtrees`)
    subtrees.push(readSubtree(reader))
  }
  reader.close(outer)
  return subtrees
}

/** RFC 5280 4.2.1.10: minimum is 0, which DER does not encode, and maximum is absent. */
function readSubtree(reader: DerReader): GeneralName {
  const outer = reader.open(tag.sequence, 'GeneralSubtree')
  const base = readBase(reader)
  if (!reader.done) reader.fail('no minimum and no maximum')
  reader.close(outer)
  return base
}

function readBase(reader: DerReader): GeneralName {
  const start = reader.at
  const base = readGeneralName(reader)
  if (base.form === 'ip' && !isAddressRange(base.octets)) {
    reader.fail('iPAddress with a mask of leading ones', start)
  }
  return base
}

/** RFC 5280 4.2.1.10: an address and a mask in the style of RFC 4632, ones before zeros. */
function isAddressRange(octets: Bytes): boolean {
  if (octets.length !== 8 && octets.length !== 32) return false
  const mask = octets.subarray(octets.length / 2)
  const bits = Array.from(mask, (octet) => octet.toString(2).padStart(8, '0')).join('')
  return !bits.includes('01')
}
