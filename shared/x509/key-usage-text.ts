import type { Bytes } from '#shared/bytes.ts'

/** RFC 5280 4.2.1.3, by bit. */
const names = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

/** The names of the bits that a keyUsage sets; its octets, the first bit highest. */
export function keyUsageTexts(keyUsage: Bytes): readonly string[] {
  return names.filter((_, bit) => ((keyUsage[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
}
