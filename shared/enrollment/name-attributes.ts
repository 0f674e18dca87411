import { attributeNames } from '#shared/wire/name-attributes.ts'
import type { NameAttribute } from '#shared/wire/name-reader.ts'
import { textOf } from '#shared/wire/name-text.ts'
import { oddCharacterOf } from '#shared/x509/name-syntax.ts'
import { finding } from './catalogue.ts'
import type { Finding } from './finding.ts'

/**
 * Every check of one attribute of a distinguished name.
 *
 * @param name where the name stands: `request.subject`
 */
export function checkAttribute(name: string, attribute: NameAttribute): readonly Finding[] {
  const path = `${name}.${attributeNames.get(attribute.oid) ?? attribute.oid}`
  const text = textOf(attribute)
  return [
    ...checkEncoding(path, attribute),
    ...checkPrintable(path, attribute),
    ...(text === undefined ? [] : checkText(path, attribute.oid, text)),
  ]
}

function checkText(path: string, oid: string, text: string): readonly Finding[] {
  return [
    ...checkCharacters(path, text),
    ...checkNormalForm(path, text),
    ...checkSpaces(path, text),
    ...checkLength(path, oid, text),
  ]
}

/** String types of other days (RFC 5280 4.1.2.4: MUST NOT be used by new CAs), by tag. */
const oldStrings: Readonly<Record<number, string>> = {
  0x14: 'TeletexString',
  0x1c: 'UniversalString',
  0x1e: 'BMPString',
}

const [utf8String, numericString, printableString, ia5String] = [0x0c, 0x12, 0x13, 0x16]

/** Strings that a DirectoryString may be today: another type for the same text is another name to some. */
const directoryStrings: ReadonlySet<number> = new Set([utf8String, printableString])

/** RFC 5280 appendix A.1: attributes that have one type of string alone. */
const ownStrings: Readonly<Record<string, readonly [tag: number, name: string]>> = {
  '2.5.4.5': [printableString, 'PrintableString'],
  '2.5.4.6': [printableString, 'PrintableString'],
  '2.5.4.46': [printableString, 'PrintableString'],
  '1.2.840.113549.1.9.1': [ia5String, 'IA5String'],
  '0.9.2342.19200300.100.1.25': [ia5String, 'IA5String'],
}

/** Attributes whose type is a DirectoryString (X.520): CN, SN, L, ST, O, OU, title, name, GN, pseudonym. */
const ofDirectory: ReadonlySet<string> = new Set(
  [3, 4, 7, 8, 10, 11, 12, 41, 42, 65].map((arc) => `2.5.4.${arc}`),
)

/** RFC 5280 4.1.2.4: relying parties compare what two encoders wrote in two ways. */
function checkEncoding(path: string, { oid, valueTag }: NameAttribute): readonly Finding[] {
  const old = oldStrings[valueTag]
  if (old !== undefined) {
    return [finding('name.encoding', path, old, 'PrintableString or UTF8String')]
  }
  const own = ownStrings[oid]
  if (own !== undefined && own[0] !== valueTag) {
    return [finding('name.encoding', path, tagText(valueTag), own[1])]
  }
  if (!ofDirectory.has(oid) || directoryStrings.has(valueTag)) return []
  return [finding('name.encoding', path, tagText(valueTag), 'PrintableString or UTF8String')]
}

/** Go and BoringSSL refuse most of what OpenSSL lets stand there. */
function checkPrintable(path: string, attribute: NameAttribute): readonly Finding[] {
  const odd = oddCharacterOf(attribute)
  if (odd === undefined) return []
  return [finding('name.printable', path, `PrintableString with ${odd}`, 'UTF8String')]
}

const stringNames: ReadonlyMap<number, string> = new Map([
  [utf8String, 'UTF8String'],
  [numericString, 'NumericString'],
  [printableString, 'PrintableString'],
  [ia5String, 'IA5String'],
])

const tagText = (valueTag: number): string =>
  stringNames.get(valueTag) ?? `tag ${valueTag.toString(16).padStart(2, '0')}`

/** Controls, formats and line ends: a NUL ends a name for some readers (CVE-2009-2408), marks turn it round. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

export function checkCharacters(path: string, text: string): readonly Finding[] {
  if (!hidden.test(text)) return []
  return [finding('name.characters', path, text, 'no control or formatting characters')]
}

/** RFC 4518 2.3: whoever compares composes them first, or does not. */
function checkNormalForm(path: string, text: string): readonly Finding[] {
  if (text.normalize('NFC') === text) return []
  return [finding('name.normalForm', path, text, 'composed characters')]
}

/** RFC 5280 7.1: comparison folds them, and so may two devices become one. */
function checkSpaces(path: string, text: string): readonly Finding[] {
  const isFolded = text.startsWith(' ') || text.endsWith(' ') || text.includes('  ')
  if (!isFolded && !otherSpaces.test(text)) return []
  return [finding('name.spaces', path, `"${text}"`, 'single spaces inside alone')]
}

/** Spaces that look like a space, and are none. */
const otherSpaces = /(?! )\p{Zs}/u

/** RFC 5280 appendix A.1: ub-common-name and its like, in characters. */
const bounds: Readonly<Record<string, number>> = {
  '2.5.4.3': 64,
  '2.5.4.5': 64,
  '2.5.4.6': 2,
  '2.5.4.7': 128,
  '2.5.4.8': 128,
  '2.5.4.10': 64,
  '2.5.4.11': 64,
  '2.5.4.12': 64,
  '2.5.4.65': 128,
  '1.2.840.113549.1.9.1': 255,
}

function checkLength(path: string, oid: string, text: string): readonly Finding[] {
  const most = bounds[oid] ?? Number.POSITIVE_INFINITY
  const length = Array.from(text).length
  if (length > 0 && length <= most) return []
  const wanted = length === 0 ? 'at least 1' : `at most ${most}`
  return [finding('name.length', path, `${length} characters`, wanted)]
}
