import { tag, type DerReader } from '#shared/der/reader.ts'
import type { NameAttribute } from '#shared/wire/name-reader.ts'

/** DER of a Name of no RDN. */
export const emptyNameOctets = 2

/**
 * Passes over a Name (RFC 5280 4.1.2.4) as far down as its strings, whose characters must be of
 * their types' alphabets. Its shape is left to wire/name-reader.ts, which is asked when somebody
 * compares or prints it: what is no Name there equals itself alone, and lies in no permitted subtree.
 *
 * @returns where the Name starts
 */
export function passName(reader: DerReader, expected: string): number {
  const element = reader.at
  const outer = reader.open(tag.sequence, expected)
  while (!reader.done) {
    if (reader.nextTag === tag.set) passRdn(reader)
    else reader.skip('a RelativeDistinguishedName')
  }
  reader.close(outer)
  return element
}

function passRdn(reader: DerReader): void {
  const outer = reader.open(tag.set, 'a RelativeDistinguishedName')
  while (!reader.done) {
    if (reader.nextTag === tag.sequence) passAttribute(reader)
    else reader.skip('an AttributeTypeAndValue')
  }
  reader.close(outer)
}

function passAttribute(reader: DerReader): void {
  const outer = reader.open(tag.sequence, 'an AttributeTypeAndValue')
  while (!reader.done) {
    const alphabet = alphabets[reader.nextTag]
    if (alphabet === undefined) reader.skip('an attribute type or value')
    else passString(reader, reader.nextTag, alphabet)
  }
  reader.close(outer)
}

/**
 * X.680 41.4 and its table 8: a string that holds anything else is no encoding of its type, but for
 * `oddPrintable`.
 */
function passString(reader: DerReader, stringTag: number, { name, bit }: Alphabet): void {
  const element = reader.at
  const start = reader.passContent(stringTag, name)
  for (let at = start; at < reader.at; at += 1) {
    if (((alphabetsOf[reader.octet(at)] ?? 0) & bit) === 0) {
      reader.fail(`${name} of its own characters`, element)
    }
  }
}

interface Alphabet {
  readonly name: string
  /** In `alphabetsOf`. */
  readonly bit: number
}

const numeric = { name: 'NumericString', bit: 1 }
const printable = { name: 'PrintableString', bit: 2 }
const ia5 = { name: 'IA5String', bit: 4 }

/** The string types of few characters, by tag. */
const alphabets: Readonly<Record<number, Alphabet>> = { 0x12: numeric, 0x13: printable, 0x16: ia5 }

/** The bits of the alphabets that an octet belongs to. */
const alphabetsOf = new Uint8Array(256).fill(ia5.bit, 0, 0x80)
function admit(characters: string, { bit }: Alphabet): void {
  for (const character of characters) alphabetsOf[character.charCodeAt(0)] = bit | ia5.bit
}
admit("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+,-./:=?", printable)
admit('0123456789 ', { ...numeric, bit: numeric.bit | printable.bit })

/**
 * Of PrintableString as it is made, beyond X.680 41.4: hosts, mailboxes and part numbers that an
 * encoder gave the wrong type. Go and BoringSSL read the asterisk, OpenSSL and GnuTLS all three.
 * Each is the character that it is in any other string, so names compare as their texts do. Not the
 * ampersand, which Go reads and BoringSSL's suite refuses, and nothing beyond ASCII, which has no one
 * meaning.
 */
const oddPrintable = '*@_'
admit(oddPrintable, printable)

/**
 * The first character of a PrintableString that X.680 41.4 does not have, though `passName` lets it
 * stand; undefined where there is none, and of any other type.
 */
export function oddCharacterOf({
  valueTag,
  content,
}: Pick<NameAttribute, 'valueTag' | 'content'>): string | undefined {
  if (alphabets[valueTag] !== printable) return undefined
  return Array.from(oddPrintable).find((character) => content.includes(character.charCodeAt(0)))
}
