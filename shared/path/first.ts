import { ok, type Result } from '#shared/result.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'

/** The same of questions that are asked alike, and so are written down once and not at each call. */
export function firstOf<About, Beside>(
  checks: readonly ((about: About, beside: Beside) => Result<void, Rejection>)[],
  about: About,
  beside: Beside,
): Result<void, Rejection> {
  for (const check of checks) {
    const result = check(about, beside)
    if (!result.ok) return result
  }
  return ok(undefined)
}

/** The first check that refuses, in the order given; later ones are then not made. */
export function first(
  ...checks: readonly (() => Result<void, Rejection>)[]
): Result<void, Rejection> {
  for (const check of checks) {
    const result = check()
    if (!result.ok) return result
  }
  return ok(undefined)
}
