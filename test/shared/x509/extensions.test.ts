import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { parseDer } from '#shared/der/reader.ts'
import type { Result } from '#shared/result.ts'
import type { Extensions } from '#shared/x509/certificate.ts'
import { noExtensions, readExtensions } from '#shared/x509/extensions.ts'
import { toUtf8 } from '#shared/bytes.ts'
import {
  bitString,
  boolean,
  context,
  element,
  explicit,
  integer,
  nothing,
  nul,
  octets,
  octetString,
  oid,
  sequence,
} from '../der/writer.ts'
import { clientAuth, extension, serverAuth } from '../pki.ts'

const read = (...extensions: readonly Bytes[]) => parseDer(sequence(...extensions), readExtensions)
const said = (result: Result<Extensions, { readonly expected: string }>) =>
  result.ok ? 'ok' : result.error.expected

const unknown = (number: number, weight?: 'critical') =>
  extension(`1.3.6.1.4.1.55738.${number}`, nul, weight)
const many = (count: number) => Array.from({ length: count }, (_, index) => unknown(index))

describe('the frame (RFC 5280 4.1.2.9)', () => {
  test.each([
    { name: 'no extension in the list', extensions: [], says: 'at least one extension' },
    { name: 'an unknown one', extensions: [unknown(1)], says: 'ok' },
    {
      name: 'FALSE, written although it is the default',
      extensions: [sequence(oid('1.2.3'), boolean(0x00), octetString(nul))],
      says: 'critical only where it is true',
    },
    {
      name: 'a BER truth',
      extensions: [sequence(oid('1.2.3'), boolean(0x01), octetString(nul))],
      says: 'critical as 00 or FF',
    },
    { name: 'no value', extensions: [sequence(oid('1.2.3'))], says: 'extnValue' },
    {
      name: 'something behind the value',
      extensions: [sequence(oid('1.2.3'), octetString(nul), nul)],
      says: 'the end of the element',
    },
    {
      name: 'a processed one twice (4.2)',
      extensions: [
        extension('2.5.29.14', octetString(octets(1))),
        unknown(1),
        extension('2.5.29.14', octetString(octets(1))),
      ],
      says: 'extension 2.5.29.14 only once',
    },
    {
      name: 'one of a higher arc twice',
      extensions: [extension('2.5.29.54', integer(1)), extension('2.5.29.54', integer(1))],
      says: 'extension 2.5.29.54 only once',
    },
    {
      name: 'arcs whose last five bits are the same',
      extensions: [extension('2.5.29.1', nul), extension('2.5.29.33', nul)],
      says: 'policyMappings',
    },
    {
      name: 'an arc of two octets twice',
      extensions: [extension('2.5.29.200', nul), extension('2.5.29.200', nul)],
      says: 'extension 2.5.29.200 only once',
    },
    {
      name: 'one that is the beginning of another',
      extensions: [unknown(1), extension('1.3.6.1.4.1.55738.1.1', nul)],
      says: 'ok',
    },
    {
      name: 'the same one twice (4.2)',
      extensions: [unknown(1), unknown(2), unknown(1)],
      says: 'extension 1.3.6.1.4.1.55738.1 only once',
    },
    { name: 'as many as the bound', extensions: many(64), says: 'ok' },
    { name: 'one more than the bound', extensions: many(65), says: 'at most 64 extensions' },
  ])('$name: $says', ({ extensions, says }) => {
    expect(said(read(...extensions))).toBe(says)
  })

  test('a repeated extension is told where it stands', () => {
    const result = read(unknown(1), unknown(1))
    expect(result.ok ? undefined : result.error.offset).toBe(2 + unknown(1).length)
  })
})

describe('criticality (RFC 5280 4.2)', () => {
  test.each([
    {
      name: 'what is unknown and optional is passed over',
      extensions: [unknown(1)],
      collected: [],
    },
    {
      name: 'what is unknown and critical is collected, in order',
      extensions: [unknown(2, 'critical'), unknown(3), unknown(1, 'critical')],
      collected: ['1.3.6.1.4.1.55738.2', '1.3.6.1.4.1.55738.1'],
    },
    {
      name: 'what is processed is not, critical or not',
      extensions: [extension('2.5.29.19', sequence(), 'critical')],
      collected: [],
    },
  ])('$name', ({ extensions, collected }) => {
    const result = read(...extensions)
    expect(result.ok && result.value.criticalUnknown).toEqual(collected)
  })

  test('one certificate leaves nothing behind for the next', () => {
    read(unknown(1, 'critical'))
    const result = read(unknown(2))
    for (const name of Object.keys(noExtensions) as (keyof Extensions)[]) {
      expect(result.ok && result.value[name]).toEqual(noExtensions[name])
    }
  })
})

const constraintsOf = (...parts: readonly Bytes[]) =>
  read(extension('2.5.29.19', sequence(...parts)))

describe('basicConstraints (RFC 5280 4.2.1.9)', () => {
  test.each([
    { name: 'nothing said', parts: [], ca: false, pathLength: undefined },
    { name: 'a CA', parts: [boolean(0xff)], ca: true, pathLength: undefined },
    {
      name: 'FALSE written out, as in the field',
      parts: [boolean(0x00)],
      ca: false,
      pathLength: undefined,
    },
    { name: 'no CA below', parts: [boolean(0xff), integer(0)], ca: true, pathLength: 0 },
    { name: 'many below', parts: [boolean(0xff), integer(1, 0)], ca: true, pathLength: 256 },
  ])('$name', ({ parts, ca, pathLength }) => {
    const result = constraintsOf(...parts)
    expect(result.ok && result.value.basicConstraints).toEqual({ ca, pathLength })
  })

  test.each([
    {
      name: 'a length below zero',
      parts: [boolean(0xff), integer(0xff)],
      says: 'pathLenConstraint from 0 to 2^31 - 1',
    },
    {
      name: 'a third part',
      parts: [boolean(0xff), integer(0), integer(0)],
      says: 'the end of the element',
    },
  ])('refused: $name', ({ parts, says }) => {
    expect(said(constraintsOf(...parts))).toBe(says)
  })

  test('octets behind the value', () => {
    const value = octets(...sequence(boolean(0xff)), 0x05, 0x00)
    expect(said(read(extension('2.5.29.19', value)))).toBe('the end of the element')
  })
})

describe('keyUsage and extKeyUsage (RFC 5280 4.2.1.3 and 4.2.1.12)', () => {
  test('usage is kept as its bits', () => {
    const result = read(extension('2.5.29.15', bitString(octets(0x86), 1)))
    expect(result.ok && result.value.keyUsage).toEqual(octets(0x86))
  })

  test('usage of nine bits, as older GnuTLS writes it', () => {
    const result = read(extension('2.5.29.15', bitString(octets(0x80, 0x00), 7)))
    expect(result.ok && result.value.keyUsage).toEqual(octets(0x80, 0x00))
  })

  test.each([
    { name: 'no bit', bits: bitString(octets(), 0) },
    { name: 'nine bits, all zero', bits: bitString(octets(0x00, 0x00), 7) },
  ])('usage of $name, where at least one must be set', ({ bits }) => {
    expect(said(read(extension('2.5.29.15', bits)))).toBe('keyUsage with at least one bit')
  })

  test('usage with bits that do not count but are set', () => {
    const result = read(extension('2.5.29.15', bitString(octets(0x81), 7)))
    expect(said(result)).toBe('keyUsage zero-padded')
  })

  test('purposes are kept in order', () => {
    const result = read(extension('2.5.29.37', sequence(oid(serverAuth), oid(clientAuth))))
    expect(result.ok && result.value.extendedKeyUsage).toEqual([serverAuth, clientAuth])
  })

  test.each([
    { name: 'no purpose', value: sequence(), says: 'at least one KeyPurposeId' },
    { name: 'no identifier', value: sequence(integer(1)), says: 'KeyPurposeId' },
  ])('refused: $name', ({ value, says }) => {
    expect(said(read(extension('2.5.29.37', value)))).toBe(says)
  })
})

const authority = (...parts: readonly Bytes[]) => {
  const result = read(extension('2.5.29.35', sequence(...parts)))
  return result.ok ? result.value.authorityKeyIdentifier : result.error.expected
}

describe('key identifiers (RFC 5280 4.2.1.1 and 4.2.1.2)', () => {
  test.each([
    { name: 'of the key', parts: [context(0, octets(1, 2))], keyIdentifier: octets(1, 2) },
    {
      name: 'by issuer and serial only',
      parts: [explicit(1, nothing), context(2, octets(7))],
      keyIdentifier: undefined,
    },
    { name: 'empty', parts: [], keyIdentifier: undefined },
  ])('authority: $name', ({ parts, keyIdentifier }) => {
    expect(authority(...parts)).toEqual(keyIdentifier)
  })

  test('subject', () => {
    const result = read(extension('2.5.29.14', octetString(octets(1, 2))))
    expect(result.ok && result.value.subjectKeyIdentifier).toEqual(octets(1, 2))
  })

  test('subject, as no OCTET STRING', () => {
    expect(said(read(extension('2.5.29.14', integer(1))))).toBe('subjectKeyIdentifier')
  })
})

const addresses = (count: number) => context(7, new Uint8Array(count))
const text = (number: number, value: string) => context(number, toUtf8(value))
const altNamesOf = (...names: readonly Bytes[]) => read(extension('2.5.29.17', sequence(...names)))
const manyNames = (count: number) => Array.from({ length: count }, () => text(2, 'a'))

describe('subjectAltName (RFC 5280 4.2.1.6)', () => {
  test('each form by itself, and all together in their order', () => {
    const result = altNamesOf(
      text(1, 'fleet@example.org'),
      text(2, 'car-0001.example.org'),
      text(6, 'spiffe://example.org/car/1'),
      context(7, octets(192, 0, 2, 1)),
      context(8, octets(0x2a)),
      explicit(4, sequence()),
      text(2, 'second.example.org'),
    )
    const names = result.ok ? result.value.subjectAltNames : undefined
    expect(names?.all.map(({ form }) => form)).toEqual([
      'email',
      'dns',
      'uri',
      'ip',
      'registeredID',
      'directory',
      'dns',
    ])
    expect(names).toMatchObject({
      emails: ['fleet@example.org'],
      dns: ['car-0001.example.org', 'second.example.org'],
      uris: ['spiffe://example.org/car/1'],
      ips: [octets(192, 0, 2, 1)],
    })
  })

  const uri = (value: string) => text(6, value)
  const name = text(2, 'a')

  test.each<{ readonly of: string; readonly names: readonly Bytes[]; readonly only?: string }>([
    { of: 'no URI', names: [name] },
    { of: 'one', names: [uri('urn:a')], only: 'urn:a' },
    { of: 'one among others', names: [name, uri('urn:a'), name], only: 'urn:a' },
    { of: 'two', names: [uri('urn:a'), uri('urn:b')] },
    { of: 'three', names: [uri('urn:a'), name, uri('urn:b'), uri('urn:c')] },
    { of: 'the same twice', names: [uri('urn:a'), uri('urn:a')] },
  ])('the only URI of $of', ({ names, only }) => {
    const result = altNamesOf(...names)
    expect(result.ok && result.value.onlyUri).toBe(only)
    // Asked again, it is the same.
    expect(result.ok && result.value.onlyUri).toBe(only)
  })

  test.each([
    { name: 'no name', names: [], says: 'at least one GeneralName' },
    { name: 'a letter outside IA5', names: [text(2, 'zähler')], says: 'dNSName in IA5String' },
    {
      name: 'a URI with such a letter',
      names: [text(6, 'spiffe://é')],
      says: 'uniformResourceIdentifier in IA5String',
    },
    { name: 'an IPv4 address', names: [addresses(4)], says: 'ok' },
    { name: 'an IPv6 address', names: [addresses(16)], says: 'ok' },
    {
      name: 'a network, as only constraints have it',
      names: [addresses(8)],
      says: 'iPAddress of 4 or 16 octets',
    },
    { name: 'half an address', names: [addresses(2)], says: 'iPAddress of 4 or 16 octets' },
    { name: 'as many names as the bound', names: manyNames(512), says: 'ok' },
    { name: 'one more than the bound', names: manyNames(513), says: 'at most 512 names' },
    { name: 'a name that reaches out', names: [element(0x82).subarray(0, 1)], says: 'a length' },
  ])('$name: $says', ({ names: given, says }) => {
    expect(said(altNamesOf(...given))).toBe(says)
  })
})
