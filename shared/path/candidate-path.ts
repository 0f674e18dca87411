import type { TrustAnchor } from '#shared/trust-store/trust-store.ts'
import type { Certificate } from '#shared/x509/certificate.ts'

/** Certificates in a row that might be a path: leaf first, each one's issuer named next, then the anchor. */
export interface CandidatePath {
  readonly certificates: readonly [Certificate, ...Certificate[]]
  readonly anchor: TrustAnchor
  /** Presented beside it: CRL signers may be among them (RFC 5280 6.3.3 (f)). */
  readonly beside?: readonly Certificate[]
}

declare const verified: unique symbol

/** A path that passed every check of RFC 5280 section 6. Only `validatePath` makes one. */
export interface VerifiedPath extends CandidatePath {
  readonly [verified]: true
  /**
   * user-constrained-policy-set (RFC 5280 6.1.6), dotted, in the names of the anchor's domain. With
   * anyPolicy among them the path takes every policy; empty where it has none.
   */
  readonly policies: readonly string[]
}
