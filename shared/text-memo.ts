import { createBoundedMap, type MapBounds } from './bounded-map.ts'
import { createMetBefore, placeOf, fnvStart, fnvWith } from './place.ts'

interface Known<Value> {
  readonly text: string
  readonly value: Value
}

/**
 * So many characters, so far from the end: of base64 of a certificate they are of its signature. Of an
 * ECDSA one's very numbers: farther from the end lies how its DER begins, alike in many (P-256: 94).
 */
const placeLength = 8
const placeFromEnd = 48

/**
 * A pure function of texts that remembers what it gave, for long texts that come again, such as a
 * certificate in a header. To hash such a text whole costs more than to decode it; so a part of it
 * says where to look, and what is found is compared whole. Only what is not undefined is kept, and
 * only of a text that was met before: of those that never come again nothing outlives its request.
 *
 * @param bounds the weight is of characters; a text that is a part of another keeps all of that
 */
export function rememberByText<Value>(
  compute: (text: string) => Value | undefined,
  bounds: MapBounds,
): (text: string) => Value | undefined {
  const known = createBoundedMap<number, Known<Value>>(bounds)
  const isMetBefore = createMetBefore()
  return (text) => {
    const place = placeOfText(text)
    const before = known.get(place)
    if (before !== undefined && before.text === text) return before.value
    const value = compute(text)
    if (value === undefined) return undefined
    if (isMetBefore(place)) known.set(place, { text, value }, text.length)
    return value
  }
}

function placeOfText(text: string): number {
  const start = text.length - placeFromEnd
  let hash = fnvStart
  for (let at = start; at < start + placeLength; at += 1) {
    hash = fnvWith(hash, text.charCodeAt(at))
  }
  return placeOf(hash)
}
