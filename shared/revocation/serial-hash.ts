/**
 * 32 bits of a serial's content octets, the upper ones as good as the lower ones. Serials in a row,
 * with one beginning or with one end spread alike. Whoever picks serials can make them collide:
 * what is found by it must stay cheap, and right, then too. Part of the compiled form: never changed
 * without a new version of that.
 *
 * @param bytes what the serial lies in, from `at`, `length` octets long
 */
export function serialHash(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length
  let hash = length
  let next = at
  for (; next + 4 <= end; next += 4) {
    const word =
      ((bytes[next] ?? 0) << 24) |
      ((bytes[next + 1] ?? 0) << 16) |
      ((bytes[next + 2] ?? 0) << 8) |
      (bytes[next + 3] ?? 0)
    hash = Math.imul(hash ^ word, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  for (; next < end; next += 1) hash = Math.imul(hash ^ (bytes[next] ?? 0), 0x01000193)
  // The last steps of MurmurHash3 (public domain): every bit of the input moves every bit of the output.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
