import { expect, test } from 'vitest'
import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { readCertsOnly, writeCertsOnly } from '#shared/wire/certs-only.ts'
import { element, explicit, integer, nothing, octets, oid, sequence, set } from '../der/writer.ts'

const one = sequence(integer(1))
const two = sequence(integer(2))
const data = sequence(oid('1.2.840.113549.1.7.1'))

interface Parts {
  readonly type?: Bytes
  readonly version?: Bytes
  readonly digests?: Bytes
  readonly content?: Bytes
  readonly certificates?: Bytes
  readonly crls?: Bytes
  readonly signers?: Bytes
}

function message(parts: Parts): Bytes {
  const signedData = sequence(
    parts.version ?? integer(1),
    parts.digests ?? set(),
    parts.content ?? data,
    parts.certificates ?? explicit(0, one),
    parts.crls ?? nothing,
    parts.signers ?? set(),
  )
  return sequence(parts.type ?? oid('1.2.840.113549.1.7.2'), explicit(0, signedData))
}

test('what is written is read, in its order', () => {
  const written = writeCertsOnly([two, one])
  expect(written).toEqual(message({ certificates: explicit(0, two, one) }))
  expect(readCertsOnly(written)).toEqual({ ok: true, value: [two, one] })
})

const many = (count: number) => explicit(0, ...Array.from({ length: count }, () => one))

const cases = [
  { name: 'one certificate', der: message({}), expected: '1' },
  { name: 'CRLs beside it', der: message({ crls: explicit(1, one) }), expected: '1' },
  { name: 'as many as there may be', der: message({ certificates: many(256) }), expected: '256' },
  {
    name: 'one more',
    der: message({ certificates: many(257) }),
    expected: 'at most 256 certificates',
  },
  { name: 'none', der: message({ certificates: explicit(0) }), expected: 'a certificate' },
  { name: 'no field for them', der: message({ certificates: nothing }), expected: 'certificates' },
  {
    name: 'an attribute certificate',
    der: message({ certificates: explicit(0, explicit(1, one)) }),
    expected: 'a certificate',
  },
  { name: 'version 3', der: message({ version: integer(3) }), expected: 'version 1' },
  {
    name: 'data and no signedData',
    der: message({ type: oid('1.2.840.113549.1.7.1') }),
    expected: 'signedData, 1.2.840.113549.1.7.2',
  },
  {
    name: 'a digest algorithm',
    der: message({ digests: set(one) }),
    expected: 'digestAlgorithms of none',
  },
  { name: 'a signer', der: message({ signers: set(one) }), expected: 'signerInfos of none' },
  {
    name: 'content',
    der: message({ content: sequence(oid('1.2.840.113549.1.7.1'), explicit(0, one)) }),
    expected: 'the end of the element',
  },
  {
    name: 'something behind it',
    der: concatBytes(message({}), octets(0)),
    expected: 'the end of the element',
  },
  {
    name: 'an indefinite length',
    der: concatBytes(octets(0x30, 0x80), element(0x06), octets(0, 0)),
    expected: 'a definite length of at most four octets',
  },
] as const

test.each(cases)('$name: $expected', ({ der, expected }) => {
  const read = readCertsOnly(der)
  expect(read.ok ? `${read.value.length}` : read.error.expected).toBe(expected)
})
