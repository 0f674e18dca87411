import * as fc from 'fast-check'
import { attributeNames } from '#shared/wire/name-attributes.ts'
import { nameDer, type Attribute } from './der-writer.ts'

const awkward = fc.constantFrom(
  ...',+"\\<>;=#/ \t\n\0\u007fäß€\u00a0\u2028é日🚗aZ09'.split(/(?:)/u),
)
const texts = fc.array(awkward, { maxLength: 8 })
const latin = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 8 })
const wide = (points: readonly string[], width: 2 | 4): number[] =>
  points
    .map((character) => character.codePointAt(0) ?? 0)
    .filter((point) => width === 4 || point <= 0xffff)
    .flatMap((point) => [point >> 24, point >> 16, point >> 8, point].slice(4 - width))
    .map((octet) => octet & 0xff)

const value: fc.Arbitrary<Omit<Attribute, 'type'>> = fc.oneof(
  texts.map((text) => ({ tag: 0x0c, content: [...new TextEncoder().encode(text.join(''))] })),
  texts.map((text) => ({ tag: 0x1e, content: wide(text, 2) })),
  texts.map((text) => ({ tag: 0x1c, content: wide(text, 4) })),
  fc.record({ tag: fc.constantFrom(0x12, 0x13, 0x14, 0x16), content: latin }),
)
const type = fc.oneof(
  fc.constantFrom(...attributeNames.keys()),
  fc.constantFrom('2.5.4.3', '2.5.4.10', '0.9.2342.19200300.100.1.1'),
  fc.constantFrom('2.3.4.5', '1.3.6.1.4.1.99999.1', '2.25.329800735698586629295641978511506172918'),
)
const attribute = fc.tuple(type, value).map(([oid, rest]): Attribute => ({ type: oid, ...rest }))
const rdn = fc.oneof(
  { weight: 4, arbitrary: fc.array(attribute, { minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.array(attribute, { minLength: 2, maxLength: 3 }) },
)

/**
 * DER of Names that writers stumble over: empty and multi-valued RDNs, every string type, control
 * characters and NUL, octets from 0x7f up, characters to escape at each place, unknown types.
 */
export const awkwardName = fc.array(rdn, { maxLength: 4 }).map(nameDer)
