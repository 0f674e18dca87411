import { createBoundedMap, type MapBounds } from './bounded-map.ts'

interface Known<Value> {
  readonly text: string
  readonly value: Value
}

/** So many characters, so far from the end: of base64 of a certificate they are of its signature. */
const keyLength = 32
const keyFromEnd = 96

/**
 * A pure function of texts that remembers what it gave, for long texts that come again, such as a
 * certificate in a header. To hash such a text whole costs more than to decode it; so a part of it is
 * the key, and what is found is compared whole. Only what is not undefined is kept.
 *
 * @param bounds the weight is of characters; a text that is a part of another keeps all of that
 */
export function rememberByText<Value>(
  compute: (text: string) => Value | undefined,
  bounds: MapBounds,
): (text: string) => Value | undefined {
  const known = createBoundedMap<string, Known<Value>>(bounds)
  return (text) => {
    const key = text.slice(-keyFromEnd, keyLength - keyFromEnd)
    const before = known.get(key)
    if (before !== undefined && before.text === text) return before.value
    const value = compute(text)
    if (value !== undefined) known.set(key, { text, value }, text.length)
    return value
  }
}
