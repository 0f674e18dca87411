import { strictFreshness, type FreshnessPolicy } from '#shared/revocation/freshness.ts'
import { modern, type AlgorithmSet } from '#shared/x509/algorithm-sets.ts'
import { tolerant, type Profile } from './profile/profile.ts'

/** What a relying party asks of certificate policies (RFC 5280 6.1.1 (c) and (e) to (g)). */
export interface CertificatePolicyRules {
  /** user-initial-policy-set: the policies it takes, as dotted identifiers, or any. */
  readonly initial: readonly string[] | 'any'
  /** Whether a path has to have one of them (initial-explicit-policy). */
  readonly requireExplicit: boolean
  /** Whether CAs may not call a policy by another name (initial-policy-mapping-inhibit). */
  readonly inhibitMapping: boolean
  /** Whether anyPolicy in a certificate stands for none (initial-any-policy-inhibit). */
  readonly inhibitAny: boolean
}

/** What a relying party asks of extended key usage (RFC 5280 4.2.1.12). */
export interface PurposeRules {
  /** What the leaf is used for; `any` asks neither its purposes, nor those of its CAs, nor its key usage. */
  readonly use: 'client' | 'server' | 'any'
  /** Whether anyExtendedKeyUsage of a leaf is as good as the purpose; OpenSSL, and so ALB, refuse it. */
  readonly anyExtendedKeyUsage: 'refuse' | 'accept'
  /** Whose purposes bind: the leaf's and every CA's, as all TLS stacks have it, or the leaf's alone. */
  readonly of: 'chain' | 'leaf'
}

/** What a relying party makes of the certificates that its anchors come in. */
export interface AnchorRules {
  /**
   * Whether an anchor whose own validity is over still anchors: RFC 5280 6.1.1 (d) knows none of it
   * (`ignore`), OpenSSL and so ALB ask it of anchors too (`enforce`).
   */
  readonly validity: 'ignore' | 'enforce'
  /**
   * Whether what the certificate says narrows its paths (RFC 5937): path length, key usage,
   * purposes, name constraints and policies. Under `ignore` the anchor is a name and a key alone.
   */
  readonly constraints: 'enforce' | 'ignore'
}

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
     * What is made of lists in grace, stale and absent. Where lists bear the issuer's name and its
     * key signed none of them, no word lets the device in.
     */
    readonly freshness: FreshnessPolicy
    /** The same of the status of CA certificates, where that is something else: roots list rarely. */
    readonly freshnessOfCas?: FreshnessPolicy
    /**
     * Milliseconds since its thisUpdate, inclusive, through which a list clears certificates,
     * whatever its nextUpdate and `freshness` say; without it any time. An older list goes on revoking.
     */
    readonly maxAgeMs?: number
  }
  /** Whether a platform's own word is enough; `refuse` verifies the bytes it passes, if it passes any. */
  readonly attested: 'refuse' | 'accept'
  readonly certificatePolicies: CertificatePolicyRules
  readonly purpose: PurposeRules
  readonly anchor: AnchorRules
  /** Which signatures and keys are taken, those of the leaf and of CRLs among them. */
  readonly algorithms: AlgorithmSet
  readonly profile: Profile
}

/** The strict word wherever a fleet can be asked for it: section 4 whole is what test suites ask. */
export const strictPolicy: VerificationPolicy = {
  expired: { word: 'refuse' },
  revocation: { of: 'chain', freshness: strictFreshness },
  attested: 'refuse',
  certificatePolicies: {
    initial: 'any',
    requireExplicit: false,
    inhibitMapping: false,
    inhibitAny: false,
  },
  purpose: { use: 'client', anyExtendedKeyUsage: 'refuse', of: 'chain' },
  anchor: { validity: 'ignore', constraints: 'enforce' },
  algorithms: modern,
  profile: tolerant,
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
