import { toHex, type Bytes } from '#shared/bytes.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { algorithmText, keyText } from '#shared/x509/algorithm-text.ts'
import { keyUsageTexts } from '#shared/x509/key-usage-text.ts'
import type { Rejection } from './rejection.ts'

/** Longest name that is told: the rest says nothing more about which CA is meant. */
const nameTextMax = 256

/** How octets are written, by the field that they are of. */
const texts: Readonly<Record<string, (octets: Bytes) => string | readonly string[]>> = {
  issuer: nameText,
  name: nameText,
  algorithm: algorithmText,
  key: keyText,
  allowed: keyUsageTexts,
}

/** The facts of a rejection without its code, for people and logs: octets as text, addresses in hexadecimal. */
export function factsOf(rejection: Rejection): Record<string, unknown> {
  const { code: _, ...facts } = rejection
  const isAddress = 'form' in facts && facts.form === 'ip'
  return Object.fromEntries(
    Object.entries(facts).map(([field, value]) => {
      if (!isOctets(value)) return [field, value]
      const textOf = isAddress ? toHex : (texts[field] ?? toHex)
      return [field, textOf(value)]
    }),
  )
}

function isOctets(value: unknown): value is Bytes {
  return value instanceof Uint8Array
}

/** A Name (DER, header included) for people: RFC 2253 text, or hexadecimal where it cannot be read. */
function nameText(name: Bytes): string {
  const read = rfc2253Name(name)
  const text = read.ok ? read.value : toHex(name.subarray(0, nameTextMax))
  return text.slice(0, nameTextMax)
}
