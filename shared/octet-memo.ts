import { createBoundedMap, type MapBounds } from './bounded-map.ts'
import { equalBytes, type Bytes } from './bytes.ts'
import { placeOf, fnvStart, fnvWith } from './place.ts'

interface Known<Value> {
  /** A copy: nobody else can write to it. */
  readonly octets: Bytes
  readonly value: Value
}

/**
 * A pure function of octets that remembers what it gave, for octets that come again and again, such
 * as the names of CAs. They are compared whole.
 *
 * @param bounds the weight is of octets; what the values weigh is to be reckoned with them
 */
export function rememberByOctets<Value>(
  compute: (octets: Bytes) => Value,
  bounds: MapBounds,
): (octets: Bytes) => Value {
  const known = createBoundedMap<number, Known<Value>>(bounds)
  return (octets) => {
    const place = placeOfAll(octets)
    const before = known.get(place)
    if (before !== undefined && equalBytes(before.octets, octets)) return before.value
    const value = compute(octets)
    known.set(place, { octets: octets.slice(), value }, octets.length)
    return value
  }
}

function placeOfAll(octets: Bytes): number {
  let hash = fnvStart
  for (let at = 0; at < octets.length; at += 1) {
    hash = fnvWith(hash, octets[at] ?? 0)
  }
  return placeOf(hash)
}
