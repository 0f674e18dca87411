import { err, ok, type Result } from '#shared/result.ts'
import type { WireFault } from './fault.ts'

/** One attribute of a name's text; a value that began with `#` stays hexadecimal. */
export interface TextAttribute {
  /** Short name or dotted identifier, as it stands. */
  readonly type: string
  readonly value: string
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8 = new TextEncoder()

/**
 * A name as RFC 2253 writes it and OpenSSL prints it: attributes parted by `,` and `+` without
 * spaces, the most specific first. For people and logs: what a name means only its DER says.
 *
 * @returns the attributes of each relative distinguished name, in the text's order
 */
export function parseRfc2253(
  text: string,
): Result<readonly (readonly TextAttribute[])[], WireFault> {
  const rdns: TextAttribute[][] = []
  if (text === '') return ok(rdns)
  let rdn: TextAttribute[] = []
  for (let at = 0; ; at += 1) {
    const attribute = readAttribute(text, at)
    if (!attribute.ok) return attribute
    rdn.push(attribute.value.attribute)
    at = attribute.value.next
    if (text[at] === '+') continue
    rdns.push(rdn)
    rdn = []
    if (at === text.length) return ok(rdns)
  }
}

function readAttribute(
  text: string,
  at: number,
): Result<{ readonly attribute: TextAttribute; readonly next: number }, WireFault> {
  const equals = text.indexOf('=', at)
  const type = equals < 0 ? '' : text.slice(at, equals)
  if (!/^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)$/.test(type)) {
    return err({ at, expected: 'an attribute type and =' })
  }
  const octets: number[] = []
  let next = equals + 1
  while (next < text.length && text[next] !== ',' && text[next] !== '+') {
    const character = readCharacter(text, next)
    if (character === undefined) return err({ at: next, expected: 'an escaped character' })
    octets.push(...character.octets)
    next = character.next
  }
  const value = decoded(octets)
  if (value === undefined) return err({ at: equals + 1, expected: 'UTF-8' })
  return ok({ attribute: { type, value }, next })
}

/** RFC 2253 section 3: a character, one behind a backslash, or an octet as two hexadecimal digits. */
function readCharacter(
  text: string,
  at: number,
): { readonly octets: Iterable<number>; readonly next: number } | undefined {
  const [character = ''] = text.slice(at, at + 2)
  if (character !== '\\') {
    if ('"<>;'.includes(character)) return undefined
    return { octets: utf8.encode(character), next: at + character.length }
  }
  const pair = text.slice(at + 1, at + 3)
  if (/^[0-9A-Fa-f]{2}$/.test(pair)) return { octets: [Number.parseInt(pair, 16)], next: at + 3 }
  const escaped = pair.charAt(0)
  if (escaped === '' || !',=+<>#;\\" '.includes(escaped)) return undefined
  return { octets: [escaped.charCodeAt(0)], next: at + 2 }
}

function decoded(octets: readonly number[]): string | undefined {
  try {
    return strictUtf8.decode(Uint8Array.from(octets))
  } catch {
    // The decoder throws on the first octet that is not UTF-8: the caller names the place.
    return undefined
  }
}
