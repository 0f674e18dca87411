import { isoFromInstant, instantFromMs } from '#shared/time.ts'
import { factsOf } from '#shared/verdict/facts.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'

const instantFields: ReadonlySet<string> = new Set(['now', 'notBefore', 'notAfter', 'since'])

/** The facts of a rejection without its code, for people and scripts: instants in ISO 8601. */
export function jsonFactsOf(rejection: Rejection): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(factsOf(rejection)).map(([name, value]) => [
      name,
      instantFields.has(name) && typeof value === 'number'
        ? isoFromInstant(instantFromMs(value))
        : value,
    ]),
  )
}
