import { expect, test } from 'vitest'
import { parseDer } from '#shared/der/reader.ts'
import { readNameConstraints } from '#shared/x509/name-constraints.ts'
import { context, explicit, octets, sequence } from '../der/writer.ts'

const dns = context(2, octets(0x61))
const address = (...values: readonly number[]) => context(7, octets(...values))
const many = (count: number) => Array.from({ length: count }, () => sequence(dns))
const oneMask = 'iPAddress with a mask of leading ones'

test.each([
  {
    name: 'both lists',
    parts: [explicit(0, sequence(dns)), explicit(1, sequence(dns))],
    says: 'ok',
  },
  { name: 'one list', parts: [explicit(1, sequence(dns))], says: 'ok' },
  { name: 'no list', parts: [], says: 'permittedSubtrees or excludedSubtrees' },
  { name: 'an empty list', parts: [explicit(0)], says: 'at least one GeneralSubtree' },
  {
    name: 'lists in the wrong order',
    parts: [explicit(1, sequence(dns)), explicit(0, sequence(dns))],
    says: 'the end of the element',
  },
  {
    name: 'a minimum',
    parts: [explicit(0, sequence(dns, context(0, octets(1))))],
    says: 'no minimum and no maximum',
  },
  {
    name: 'a maximum',
    parts: [explicit(0, sequence(dns, context(1, octets(1))))],
    says: 'no minimum and no maximum',
  },
  {
    name: 'a range',
    parts: [explicit(0, sequence(address(10, 0, 0, 0, 255, 128, 0, 0)))],
    says: 'ok',
  },
  {
    name: 'a mask with a gap',
    parts: [explicit(0, sequence(address(10, 0, 0, 0, 255, 0, 255, 0)))],
    says: oneMask,
  },
  { name: 'an address alone', parts: [explicit(0, sequence(address(10, 0, 0, 0)))], says: oneMask },
  {
    name: 'no form at all',
    parts: [explicit(0, sequence(context(9, octets())))],
    says: 'a GeneralName',
  },
  { name: 'as many as the bound', parts: [explicit(0, ...many(2048))], says: 'ok' },
  {
    name: 'one more than the bound',
    parts: [explicit(0, ...many(2049))],
    says: 'at most 2048 subtrees',
  },
])('NameConstraints (RFC 5280 4.2.1.10): $name: $says', ({ parts, says }) => {
  const read = parseDer(sequence(...parts), readNameConstraints)
  expect(read.ok ? 'ok' : read.error.expected).toBe(says)
})
