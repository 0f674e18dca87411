import { toHex, type Bytes } from '#shared/bytes.ts'
import { tag, type DerFault } from '#shared/der/reader.ts'
import { ok, type Result } from '#shared/result.ts'
import { attributeNames } from './name-attributes.ts'
import { readName, type NameAttribute, type Rdn } from './name-reader.ts'
import { textOf, utf8Characters } from './name-text.ts'

/** OpenSSL writes dotted types through a buffer of 80 characters, its NUL included. */
const dottedTypeLengthMax = 79

/**
 * A DER Name as OpenSSL's X509_NAME_print_ex writes it with XN_FLAG_RFC2253, which is what ALB,
 * nginx, Cloudflare and CloudFront pass on: last RDN first, `,` and `+` without spaces, short type
 * names, everything outside printable ASCII escaped. Types without a name, and values that are no
 * strings, are written as `#` and the DER in hexadecimal.
 *
 * @returns the text, or where the Name stops being DER or one of its strings breaks off
 */
export function rfc2253Name(der: Bytes): Result<string, DerFault> {
  const rdns = readName(der)
  if (!rdns.ok) return rdns
  // OpenSSL reverses the whole list of attributes, and so those inside an RDN as well.
  let text = ''
  for (let at = rdns.value.length - 1; at >= 0; at -= 1) {
    text += `${text === '' ? '' : ','}${rfc2253Rdn(rdns.value[at] ?? [])}`
  }
  return ok(text)
}

function rfc2253Rdn(rdn: Rdn): string {
  const [only, ...more] = rdn
  if (only !== undefined && more.length === 0) return rfc2253Attribute(only)
  return rdn.toReversed().map(rfc2253Attribute).join('+')
}

function rfc2253Attribute(attribute: NameAttribute): string {
  const known = attributeNames.get(attribute.oid)
  const text = known === undefined ? undefined : textOf(attribute)
  const value = text === undefined ? `#${upperHex(attribute.element)}` : rfc2253Text(text)
  return `${known ?? typeName(attribute)}=${value}`
}

/** Whatever RFC 2253 section 2.4 or OpenSSL escapes: most names of devices have none of it. */
const escaped = /[^\x20-\x7e]|[,+"\\<>;]|^[ #]| $/

/** RFC 2253 section 2.4. */
function rfc2253Text(text: string): string {
  if (!escaped.test(text)) return text
  const characters = utf8Characters(text)
  const last = characters.length - 1
  return characters.map((octets, at) => rfc2253Character(octets, at, last)).join('')
}

/**
 * One character at a place. OpenSSL asks first for the last place, so a lone `#` is not escaped: it
 * is the last character before it is the first.
 */
function rfc2253Character(octets: Uint8Array, at: number, last: number): string {
  const character = printable(octets)
  if (character === undefined)
    return Array.from(octets, (octet) => `\\${upperHex([octet])}`).join('')
  const edge = at === last ? ' ' : at === 0 ? ' #' : ''
  return `,+"\\<>;${edge}`.includes(character) ? `\\${character}` : character
}

/**
 * A DER Name in the older one-line form, `/C=US/O=Acme`, as OpenSSL's X509_NAME_oneline writes it:
 * nginx's `_legacy` variables, Cloudflare's `…DNLegacy`, Azure Application Gateway. Octets outside
 * printable ASCII become `\xHH`, whatever the string type; further attributes of an RDN follow `+`.
 */
export function legacyName(der: Bytes): Result<string, DerFault> {
  const rdns = readName(der)
  if (!rdns.ok) return rdns
  return ok(rdns.value.map((rdn) => `/${rdn.map(legacyAttribute).join('+')}`).join(''))
}

function legacyAttribute(attribute: NameAttribute): string {
  return `${typeName(attribute)}=${Array.from(legacyOctets(attribute), legacyOctet).join('')}`
}

/** What OpenSSL holds of a value: of a BIT STRING the bits alone, of a SEQUENCE its header too. */
function legacyOctets({ valueTag, element, content }: NameAttribute): Uint8Array {
  if (valueTag === tag.bitString) return content.subarray(1)
  return valueTag === tag.sequence ? element : content
}

function legacyOctet(octet: number): string {
  const character = printable([octet])
  if (character === undefined) return `\\x${upperHex([octet])}`
  return character === '/' || character === '+' ? `\\${character}` : character
}

/** The character of a single octet of printable ASCII. */
function printable(octets: ArrayLike<number>): string | undefined {
  const [first = 0] = Array.from(octets)
  return octets.length === 1 && first >= 0x20 && first <= 0x7e
    ? String.fromCharCode(first)
    : undefined
}

const upperHex = (octets: ArrayLike<number>): string => toHex(Uint8Array.from(octets)).toUpperCase()

function typeName({ oid }: NameAttribute): string {
  return attributeNames.get(oid) ?? oid.slice(0, dottedTypeLengthMax)
}
