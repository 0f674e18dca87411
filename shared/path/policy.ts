/** What a relying party requires of a certificate. Every choice is a word; the strict one is the default. */
export interface VerificationPolicy {
  /** What is done with a leaf whose validity has ended. */
  readonly expired:
    | { readonly word: 'refuse' }
    | { readonly word: 'allow' }
    /** Allowed until this long after notAfter, inclusive. */
    | { readonly word: 'grace'; readonly forMs: number }
  readonly revocation: {
    /** Whose status is asked: the leaf's, the leaf's and every intermediate's, or nobody's. */
    readonly of: 'leaf' | 'chain' | 'none'
    /**
     * What an unknown status means (RFC 5280 6.3.3: UNDETERMINED). Where lists bear the issuer's
     * name and its key signed none of them, neither word lets the device in.
     */
    readonly unknown: 'refuse' | 'accept'
  }
  /** Whether a platform's own word is enough; `refuse` verifies the bytes it passes, if it passes any. */
  readonly attested: 'refuse' | 'accept'
}

export const strictPolicy: VerificationPolicy = {
  expired: { word: 'refuse' },
  revocation: { of: 'chain', unknown: 'refuse' },
  attested: 'refuse',
}

/** How long after its end a leaf is still taken, in milliseconds: 0, a bound, or for ever. */
export function expiryGraceMs(policy: VerificationPolicy): number {
  switch (policy.expired.word) {
    case 'refuse':
      return 0
    case 'grace':
      return policy.expired.forMs
    case 'allow':
      return Number.POSITIVE_INFINITY
  }
}
