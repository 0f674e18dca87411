/** What one search for a path may spend. Counted down as it is spent; never topped up. */
export interface Budget {
  signatures: number
  paths: number
  /** Of one name with one subtree of name constraints. */
  comparisons: number
}

/**
 * Signatures: webpki allows 100 for servers' chains of the public web; a device's chain has two to
 * four, so 24 leaves room for several cross-certificates and bounds the worst request to a few
 * milliseconds of P-256. Candidate paths, begun and whole: each costs comparisons only, webpki's origin
 * of the same bound is CVE-2018-16875 and its kin (exponential cross-signing).
 * Comparisons of names with constraints: 250,000, as webpki took it over from Go, since names times
 * subtrees grow with the square of what a chain weighs.
 */
export function freshBudget(): Budget {
  return { signatures: 24, paths: 200, comparisons: 250_000 }
}
