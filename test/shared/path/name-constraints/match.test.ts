import { describe, expect, test } from 'vitest'
import { placeBase, placeName, relationOf } from '#shared/path/name-constraints/match.ts'
import type { GeneralName } from '#shared/x509/general-name.ts'
import { octets, sequence } from '../../der/writer.ts'
import { nameOf } from '../../names.ts'

const relate = (name: GeneralName, base: GeneralName) =>
  relationOf(placeName(name), placeBase(base))

const relateTexts = (form: 'dns' | 'email' | 'uri', name: string, base: string) =>
  relate({ form, text: name }, { form, text: base })

describe('dNSName (RFC 5280 4.2.1.10)', () => {
  test.each([
    ['example.com', 'example.com', 'within'],
    ['a.b.Example.COM', 'eXample.com', 'within'],
    ['badexample.com', 'example.com', 'outside'],
    ['com', 'example.com', 'outside'],
    ['a.example.com', '', 'within'],
    ['a.example.com', '.example.com', 'within'],
    ['example.com', '.example.com', 'outside'],
    ['*.example.com', 'example.com', 'within'],
    ['*.example.com', 'a.example.com', 'unclear'],
    ['*.example.com', 'a.b.example.com', 'unclear'],
    ['*.example.com', 'other.com', 'outside'],
    ['example.com.', 'example.com', 'unclear'],
    ['a..example.com', 'example.com', 'unclear'],
    ['', '', 'unclear'],
    ['a.example.com', '*.example.com', 'unclear'],
    ['a.*.com', 'example.com', 'unclear'],
  ])('%s in %s: %s', (name, base, relation) => {
    expect(relateTexts('dns', name, base)).toBe(relation)
  })
})

describe('rfc822Name', () => {
  test.each([
    ['car@Example.com', 'example.com', 'within'],
    ['car@a.example.com', 'example.com', 'outside'],
    ['car@a.example.com', '.example.com', 'within'],
    ['car@example.com', '.example.com', 'outside'],
    ['car@example.com', '', 'within'],
    ['car@example.com', 'car@EXAMPLE.com', 'within'],
    ['Car@example.com', 'car@example.com', 'outside'],
    ['"car"@example.com', 'car@example.com', 'unclear'],
    ['a@b@example.com', 'example.com', 'unclear'],
    ['example.com', 'example.com', 'unclear'],
    ['@example.com', 'example.com', 'unclear'],
    ['', 'example.com', 'unclear'],
    ['car@example.com', '@example.com', 'unclear'],
  ])('%s in %s: %s', (name, base, relation) => {
    expect(relateTexts('email', name, base)).toBe(relation)
  })
})

describe('uniformResourceIdentifier: its host', () => {
  test.each([
    ['spiffe://Example.org/car', 'example.org', 'within'],
    ['https://me@example.org:8443?q', 'example.org', 'within'],
    ['https://a.example.org', 'example.org', 'outside'],
    ['https://a.example.org#f', '.example.org', 'within'],
    ['https://example.org', '.example.org', 'outside'],
    ['https://example.org', '', 'within'],
    ['urn:example.org', 'example.org', 'unclear'],
    ['https:///path', 'example.org', 'unclear'],
    ['https://192.0.2.1/', 'example.org', 'unclear'],
    ['https://[2001:db8::1]/', 'example.org', 'unclear'],
    ['https://other.org\\@example.org/', 'example.org', 'unclear'],
    ['https://ex%61mple.org/', 'example.org', 'unclear'],
  ])('%s in %s: %s', (name, base, relation) => {
    expect(relateTexts('uri', name, base)).toBe(relation)
  })
})

describe('iPAddress: the bits under the mask', () => {
  const range = octets(192, 0, 2, 128, 255, 255, 255, 128)
  test.each([
    { name: octets(192, 0, 2, 128), base: range, says: 'within' },
    { name: octets(192, 0, 2, 255), base: range, says: 'within' },
    { name: octets(192, 0, 2, 127), base: range, says: 'outside' },
    { name: octets(192, 0, 3, 128), base: range, says: 'outside' },
    { name: octets(9, 9, 9, 9), base: new Uint8Array(8), says: 'within' },
    { name: new Uint8Array(16), base: new Uint8Array(8), says: 'outside' },
    { name: new Uint8Array(16), base: new Uint8Array(32), says: 'within' },
    { name: new Uint8Array(4), base: new Uint8Array(32), says: 'outside' },
  ])('$name in $base: $says', ({ name, base, says }) => {
    expect(relate({ form: 'ip', octets: name }, { form: 'ip', octets: base })).toBe(says)
  })
})

describe('directoryName: the first RDNs', () => {
  const car = nameOf(['O', 'Fleet'], ['CN', 'car'])
  test.each([
    { name: 'itself', base: car, says: 'within' },
    { name: 'its beginning, spelt otherwise', base: nameOf(['O', ' FLEET ']), says: 'within' },
    { name: 'no RDN', base: sequence(), says: 'within' },
    { name: 'its end', base: nameOf(['CN', 'car']), says: 'outside' },
    {
      name: 'one RDN more',
      base: nameOf(['O', 'Fleet'], ['CN', 'car'], ['CN', 'x']),
      says: 'outside',
    },
    { name: 'octets that are no Name', base: octets(0x30, 0x01, 0x00), says: 'unclear' },
  ])('$name: $says', ({ base, says }) => {
    expect(relate({ form: 'directory', name: car }, { form: 'directory', name: base })).toBe(says)
  })
})
