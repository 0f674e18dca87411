import { equalBytes, type Bytes } from '#shared/bytes.ts'
import type { CrlFacts } from './crl.ts'
import { scopeKey } from './scope.ts'

/**
 * RFC 5280 5.2.4 and 6.3.3 (c): whether a delta CRL may be laid over a complete one: same issuer,
 * scope and key; made from a base that is not after the complete list, and itself after it.
 */
export function isDeltaOf(delta: CrlFacts, complete: CrlFacts): boolean {
  if (delta.deltaBase === undefined) return false
  if (delta.number === undefined || complete.number === undefined) return false
  const follows = delta.deltaBase <= complete.number && complete.number < delta.number
  return follows && scopeKey(delta) === scopeKey(complete) && isOneKey(delta, complete)
}

/** RFC 5280 6.3.3 (c)(3): the authority key identifiers match. */
export function isOneKey(a: CrlFacts, b: CrlFacts): boolean {
  return isSame(a.authorityKeyIdentifier, b.authorityKeyIdentifier)
}

function isSame(a: Bytes | undefined, b: Bytes | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b)
}
