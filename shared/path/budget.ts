/** What one search for a path may spend. Counted down as it is spent; never topped up. */
export interface Budget {
  signatures: number
  paths: number
}

/**
 * Signatures: webpki allows 100 for servers' chains of the public web; a device's chain has two to
 * four, so 24 leaves room for several cross-certificates and bounds the worst request to a few
 * milliseconds of P-256. Candidate paths, begun and whole: each costs comparisons only, webpki's origin
 * of the same bound is CVE-2018-16875 and its kin (exponential cross-signing).
 */
export function freshBudget(): Budget {
  return { signatures: 24, paths: 200 }
}
