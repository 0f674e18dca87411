/** A value of an attribute: the first octet of its DER, and its content octets. */
interface Value {
  readonly valueTag: number
  readonly content: Uint8Array
}

/** How the octets of a string type hold characters. */
type CharacterForm = 'utf-8' | 1 | 2 | 4

/**
 * The string types that OpenSSL takes in a Name, by tag. T61String counts as Latin-1, which is what
 * everybody writes into it.
 */
const characterForms: ReadonlyMap<number, CharacterForm> = new Map<number, CharacterForm>([
  [0x0c, 'utf-8'], // UTF8String
  [0x12, 1], // NumericString
  [0x13, 1], // PrintableString
  [0x14, 1], // T61String
  [0x16, 1], // IA5String
  [0x1c, 4], // UniversalString
  [0x1e, 2], // BMPString
])

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8 = new TextEncoder()

/** The text of a value; undefined for one that is no string. Call it on whole strings only. */
export function textOf({ valueTag, content }: Value): string | undefined {
  const form = characterForms.get(valueTag)
  if (form === undefined) return undefined
  if (form === 'utf-8' || (form === 1 && isAscii(content))) return strictUtf8.decode(content)
  return codePoints(content, form)
    .map((point) => String.fromCodePoint(point))
    .join('')
}

function isAscii(octets: Uint8Array): boolean {
  for (let at = 0; at < octets.length; at += 1) if ((octets[at] ?? 0) >= 0x80) return false
  return true
}

/** The characters of a text, each as its octets in UTF-8. */
export function utf8Characters(text: string): readonly Uint8Array[] {
  return Array.from(text, (character) => utf8.encode(character))
}

/**
 * Whether a value that is a string consists of whole Unicode characters: well-formed UTF-8, no
 * octets left over, no surrogates. OpenSSL refuses a certificate that has another in a Name.
 */
export function isWholeString({ valueTag, content }: Value): boolean {
  const form = characterForms.get(valueTag)
  // One octet a character is Latin-1, or less, and always whole; so is ASCII in UTF-8.
  if (form === undefined || form === 1) return true
  if (form === 'utf-8') return isAscii(content) || isUtf8(content)
  return content.length % form === 0 && codePoints(content, form).every(isScalar)
}

function isUtf8(octets: Uint8Array): boolean {
  try {
    strictUtf8.decode(octets)
    return true
  } catch {
    // The decoder throws on the first octet that is not UTF-8: that is the answer.
    return false
  }
}

function codePoints(octets: Uint8Array, width: number): readonly number[] {
  const points: number[] = []
  for (let at = 0; at < octets.length; at += width) {
    points.push(octets.slice(at, at + width).reduce((point, octet) => point * 256 + octet, 0))
  }
  return points
}

/** Unicode scalar values: code points but for surrogates. */
const isScalar = (point: number): boolean => point < 0xd800 || (point > 0xdfff && point <= 0x10ffff)
