/*
 * Elements that a reader has passed over before without a fault: where they lie is told without
 * asking again whether they may.
 */

/** Where the content of an element starts. */
export function contentAt(der: Uint8Array, element: number): number {
  const length = der[element + 1] ?? 0
  return element + 2 + (length < 0x80 ? 0 : length & 0x7f)
}

/** How many octets its content has. */
export function lengthAt(der: Uint8Array, element: number): number {
  const first = der[element + 1] ?? 0
  if (first < 0x80) return first
  let length = 0
  for (let index = 0; index < (first & 0x7f); index += 1) {
    length = length * 256 + (der[element + 2 + index] ?? 0)
  }
  return length
}
