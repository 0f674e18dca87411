import { equalBytes, toHex, type Bytes } from '#shared/bytes.ts'
import { rememberByOctets } from '#shared/octet-memo.ts'
import { readName, type NameAttribute, type Rdn } from '#shared/wire/name-reader.ts'
import { textOf } from '#shared/wire/name-text.ts'

/** A Name in the form that two names are compared in (RFC 5280 7.1). */
export interface CanonicalName {
  /** Equal where the names are. */
  readonly key: string
  /**
   * One text a RelativeDistinguishedName, equal where the two are, in the order of the name;
   * undefined where the octets cannot be read as a Name, which then equals itself alone.
   */
  readonly rdns: readonly string[] | undefined
}

/** By the view that a parser made: looked up once for each name of a certificate or CRL, if at all. */
const knownViews = new WeakMap<Bytes, CanonicalName>()

/** The canonical form of a Name (DER, header included). */
export function canonicalName(name: Bytes): CanonicalName {
  const before = knownViews.get(name)
  if (before !== undefined) return before
  const canonical = ofOctets(name)
  knownViews.set(name, canonical)
  return canonical
}

/**
 * A Map key for a Name: equal keys, equal names (RFC 5280 7.1). Of a short name no view is
 * remembered: most are of a certificate that comes once, and the octets are found sooner.
 */
export function nameKey(name: Bytes): string {
  if (name.length > shortNameOctets) return canonicalName(name).key
  return (knownViews.get(name) ?? ofOctets(name)).key
}

/** CAs' names of three or four attributes: their hash takes a third of what remembering a view does. */
const shortNameOctets = 256

/** Whether two Names are the same one (RFC 5280 7.1); most are octet for octet, and are not read. */
export function equalNames(a: Bytes, b: Bytes): boolean {
  return a === b || equalBytes(a, b) || nameKey(a) === nameKey(b)
}

/**
 * By octets, since the names of issuers come again with every certificate. Names of as many CAs as
 * an isolate meets, and of devices that come between for name constraints.
 */
const ofOctets = rememberByOctets(canonicalise, { countMax: 512, weightMax: 128 * 1024 })

function canonicalise(name: Bytes): CanonicalName {
  const read = readName(name)
  if (!read.ok) return { key: `octets ${toHex(name)}`, rdns: undefined }
  const rdns = read.value.map(canonicalRdn)
  return { key: rdns.map(delimited).join(''), rdns }
}

/** RFC 5280 7.1: the attributes of an RDN are a set; two RDNs match where each attribute has its match. */
function canonicalRdn(rdn: Rdn): string {
  const [only, ...more] = rdn
  if (only !== undefined && more.length === 0) return delimited(canonicalAttribute(only))
  return rdn.map(canonicalAttribute).toSorted(byCodeUnit).map(delimited).join('')
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Length first, so that no text can imitate the border between two. */
function delimited(text: string): string {
  return `${text.length}:${text}`
}

/** The same type, and as text what is text: values of other types octet for octet, tag included. */
function canonicalAttribute(attribute: NameAttribute): string {
  const { oid, element } = attribute
  const text = textOf(attribute)
  return text === undefined ? `${oid}#${toHex(element)}` : `${oid}=${foldText(text)}`
}

/**
 * LDAP's preparation of strings (RFC 4518 section 2) as far as RFC 5280 7.1 asks: compatibility
 * forms composed, case folded in no locale, white space collapsed within and removed at the ends.
 */
export function foldText(text: string): string {
  if (isPlain(text)) return text.toLowerCase()
  const folded = text.normalize('NFKC').toLowerCase().normalize('NFKC')
  return folded.replace(/[\s\u0085]+/g, ' ').replace(/^ | $/g, '')
}

/** Whether a text is ASCII, of which every composition is itself, with single spaces between words. */
function isPlain(text: string): boolean {
  const isSpaced = text.startsWith(' ') || text.endsWith(' ') || text.includes('  ')
  return !isSpaced && !/[^\x20-\x7e]/.test(text)
}
