import { toHex, type Bytes } from '#shared/bytes.ts'
import { rfc2253Name } from '#shared/wire/names.ts'

/** Longest name that is told: the rest says nothing more about which CA is meant. */
const nameTextMax = 256

/** By the view that a parser made: a search may have the same reason to tell hundreds of times. */
const known = new WeakMap<Bytes, string>()

/** A Name (DER, header included) for people: RFC 2253 text, or hexadecimal where it cannot be read. */
export function nameText(name: Bytes): string {
  const before = known.get(name)
  if (before !== undefined) return before
  const read = rfc2253Name(name)
  const text = read.ok ? read.value : toHex(name.subarray(0, nameTextMax))
  const shown = text.slice(0, nameTextMax)
  known.set(name, shown)
  return shown
}
