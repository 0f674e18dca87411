import type { Bytes } from '#shared/bytes.ts'

/** A set of revocation reasons: the two octets of ReasonFlags (RFC 5280 4.2.1.13) as one number. */
export type ReasonMask = number

/** keyCompromise (1) to aACompromise (8); bit 0 is unused. */
export const allReasons: ReasonMask = 0x7f80

/** The reasons that flags name; without flags all of them. */
export function reasonMask(flags: Bytes | undefined): ReasonMask {
  if (flags === undefined) return allReasons
  return (((flags[0] ?? 0) << 8) | (flags[1] ?? 0)) & allReasons
}
