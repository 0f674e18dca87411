import type { Bytes } from '#shared/bytes.ts'
import type { Certificate } from '#shared/x509/certificate.ts'

/**
 * What one decision may spend, on the search for a path and on those for who signs its lists.
 * Counted down as it is spent; never topped up.
 */
export interface Budget {
  signatures: number
  paths: number
  /** Of one name with one subtree of name constraints. */
  comparisons: number
  /** What signatures were spent on: asked again, they cost nothing. As many as there were to spend. */
  signaturesSeen?: SeenSignature[]
}

/** A signature that a decision has looked at already, right or wrong. */
export interface SeenSignature {
  readonly certificate: Certificate
  readonly issuerSpki: Bytes
  readonly isRight: boolean
}

/**
 * Signatures: webpki allows 100 for servers' chains of the public web; a device's chain has two to
 * four and whoever signs its lists apart one or two more, so 24 leaves room for several
 * cross-certificates and bounds the worst request to a few milliseconds of P-256. Candidate paths,
 * begun and whole: each costs comparisons only, webpki's origin of the same bound is CVE-2018-16875
 * and its kin (exponential cross-signing). Of 18,000 random meshes of three to seven CAs, 200 were too
 * few for 11 that hold a path, 400 for 2; of 963 denser ones, half of whose certificates are broken,
 * 400 for 45 (for 134 in the order that was presented).
 * Comparisons of names with constraints: 250,000, as webpki took it over from Go, since names times
 * subtrees grow with the square of what a chain weighs. All of them are some 4 to 8 ms (Node 24).
 */
export function freshBudget(): Budget {
  return { signatures: 24, paths: 400, comparisons: 250_000 }
}
