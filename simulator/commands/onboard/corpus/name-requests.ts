import type { Bytes } from '#shared/bytes.ts'
import { element, tagged, taggedOctets, utf8String } from '#simulator/ca/der.ts'
import type { CorpusCase } from './case.ts'
import {
  altNames,
  attribute,
  commonName,
  dns,
  email,
  nameOf,
  stringOf,
  uri,
  type RequestParts,
} from './maker.ts'

/** A request that is bent in one of its parts. */
export type RequestRow = readonly [
  name: string,
  expects: CorpusCase['expects'],
  about: string,
  parts: RequestParts | (() => RequestParts),
]

/** Requests that name their device oddly. */
export const nameRows: readonly RequestRow[] = [
  [
    'name-email',
    ['name.sanForm'],
    'an e-mail address among the names of a device',
    { extensions: [altNames(email('a@example.org'))] },
  ],
  [
    'name-registered-id',
    ['name.sanForm'],
    'an object identifier as a name',
    { extensions: [altNames(taggedOctets(8, Uint8Array.of(0x2a, 0x03)))] },
  ],
  [
    'name-many',
    ['name.sanCount'],
    'more names than a device has',
    { extensions: [altNames(...hosts(33))] },
  ],
  [
    'name-flood',
    ['name.sanCount'],
    'more names than anybody reads',
    { extensions: [altNames(...hosts(600))] },
  ],
  [
    'name-wildcard',
    ['name.wildcard'],
    'every host of a domain',
    { extensions: [altNames(dns('*.example.org'))] },
  ],
  [
    'name-host',
    ['name.host'],
    'a label that begins with a hyphen',
    { extensions: [altNames(dns('-a.example.org'))] },
  ],
  [
    'name-host-address',
    ['name.host'],
    'an address as a host',
    { extensions: [altNames(dns('192.0.2.1'))] },
  ],
  [
    'name-uri-relative',
    ['name.uri'],
    'a URI without a scheme',
    { extensions: [altNames(uri('/device/1'))] },
  ],
  [
    'name-ip-short',
    ['name.ip'],
    'an address of three octets',
    { extensions: [altNames(taggedOctets(7, Uint8Array.of(10, 0, 1)))] },
  ],
  [
    'name-repeated',
    ['name.repeated'],
    'one host in letters of either case',
    { extensions: [altNames(dns('a.example'), dns('A.example'))] },
  ],
  [
    'name-directory-nul',
    ['name.characters'],
    'a NUL in a name among the alternatives',
    { extensions: [altNames(tagged(4, nameOf(commonName('a\u0000b'))))] },
  ],
  [
    'name-decomposed',
    ['name.normalForm'],
    'a letter and its mark apart, which look like one',
    { subject: nameOf(commonName('name-decomposed-e\u0301')) },
  ],
  [
    'name-serial-utf8',
    ['name.encoding'],
    'a serialNumber that is no PrintableString',
    { subject: nameOf(commonName('name-serial-utf8'), attribute('2.5.4.5', utf8String('1'))) },
  ],
  [
    'name-broken',
    ['name.characters', 'csr.id'],
    'octets that are no UTF-8 in a UTF8String',
    { subject: nameOf(attribute('2.5.4.3', element(0x0c, Uint8Array.of(0xc3, 0x28)))) },
  ],
  [
    'name-country',
    ['name.length'],
    'a country of three letters',
    { subject: nameOf(commonName('name-country'), attribute('2.5.4.6', stringOf(0x13, 'GER'))) },
  ],
  [
    'name-no-break-space',
    ['name.spaces'],
    'a space that looks like one, and is none',
    { subject: nameOf(commonName('name\u00a0space')) },
  ],
  [
    'name-nul',
    ['name.characters'],
    'a NUL, behind which some read nothing (CVE-2009-2408)',
    { subject: nameOf(commonName('name-nul\u0000.example')) },
  ],
  [
    'name-bidi',
    ['name.characters'],
    'a mark that turns the text round (CVE-2021-42574)',
    { subject: nameOf(commonName('name-\u202Elautriv')) },
  ],
  [
    'name-not-printable',
    ['name.printable'],
    'an @ in a PrintableString',
    { subject: nameOf(attribute('2.5.4.3', stringOf(0x13, 'name@printable'))) },
  ],
  [
    'name-not-printable-at-all',
    ['name.characters'],
    'an & in a PrintableString',
    { subject: nameOf(attribute('2.5.4.3', stringOf(0x13, 'name&printable'))) },
  ],
  [
    'name-not-ascii',
    ['name.characters'],
    'a host that is no ASCII',
    { extensions: [altNames(taggedOctets(2, Uint8Array.of(0xc3, 0xa9)))] },
  ],
  [
    'name-teletex',
    ['name.encoding'],
    'a string type of other days',
    { subject: nameOf(attribute('2.5.4.3', stringOf(0x14, 'name-teletex'))) },
  ],
  [
    'name-spaces',
    ['name.spaces'],
    'a space at the end, which comparison folds away',
    { subject: nameOf(commonName('name-spaces ')) },
  ],
  [
    'name-long',
    ['name.length'],
    'a common name of 65 characters',
    { subject: nameOf(commonName('n'.repeat(65))) },
  ],
]

function hosts(count: number): readonly Bytes[] {
  return Array.from({ length: count }, (_, nth) => dns(`h${nth}.example`))
}
