import { err, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'

type ProfileViolation = Extract<Rejection, { code: 'profile_violated' }>

/** Longest value of a certificate that is told: the rest says nothing more about what is wrong. */
const foundMax = 256

/** The refusal of a certificate that a conforming CA (RFC 5280 section 4) would not have issued. */
export function violated(
  at: PathIndex,
  rule: ProfileViolation['rule'],
  found: string,
  wanted: string,
): Result<never, Rejection> {
  return err({ code: 'profile_violated', at, rule, found: found.slice(0, foundMax), wanted })
}
