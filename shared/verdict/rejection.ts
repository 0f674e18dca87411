import type { Instant } from '#shared/time.ts'
import type { KeyUsage } from '#shared/path/checks/key-usage.ts'
import type { NameForm } from '#shared/x509/general-name.ts'

/** Which certificate of a path: 0 is the leaf, 1 its issuer, and so on; the anchor's stands last. */
export type PathIndex = number

/** What RFC 5280 section 4 asks of a certificate by itself, each rule by what it wants. */
export type ProfileRule =
  | 'extensions'
  | 'version'
  | 'issuer_named'
  | 'subject_named'
  | 'serial_positive'
  | 'basic_constraints'
  | 'name_constraints_of_ca'
  | 'path_length_of_ca'
  | 'certificate_signing_of_ca'
  | 'key_usage'
  | 'authority_key_identifier'
  | 'subject_key_identifier'
  | 'criticality'
  | 'host_name_syntax'
  | 'host_subtree_syntax'
  | 'access_descriptions'

/** Why the CRLs at hand do not answer for one certificate (RFC 5280 6.3.3: UNDETERMINED). */
export type RevocationGap =
  | 'absent'
  | 'stale'
  | 'not_yet_current'
  | 'forged'
  | 'unsupported_scope'
  | 'reasons_not_covered'
  /** The lists that would clear it are signed or made in a way that the policy does not take. */
  | 'not_as_asked'

/** Why a client certificate was refused. Facts only: words are made where they are shown. */
export type Rejection =
  // What was presented
  | { readonly code: 'no_certificate' }
  | { readonly code: 'header_forged'; readonly headers: readonly string[] }
  | { readonly code: 'presentation_malformed'; readonly field: string; readonly expected: string }
  | { readonly code: 'certificate_withheld'; readonly what: 'leaf' | 'chain' }
  | { readonly code: 'attestation_insufficient' }
  | {
      readonly code: 'malformed_certificate'
      readonly at: PathIndex
      readonly offset: number
      readonly expected: string
    }
  | { readonly code: 'certificate_too_large'; readonly bytes: number; readonly limit: number }
  // RFC 5280 section 6.1
  /** Neither an anchor nor a certificate at hand bears the name of its issuer. */
  | { readonly code: 'untrusted'; readonly at: PathIndex; readonly issuer: string }
  | {
      readonly code: 'signature_invalid'
      readonly at: PathIndex
      readonly algorithm: string
      readonly issuer: string
    }
  /** `set`: the algorithms that were asked for, by name. */
  | {
      readonly code: 'algorithm_unsupported'
      readonly at: PathIndex
      readonly algorithm: string
      readonly set: string
    }
  | {
      readonly code: 'key_unsupported'
      readonly at: PathIndex
      readonly key: string
      readonly set: string
    }
  | {
      readonly code: 'not_yet_valid'
      readonly at: PathIndex
      readonly now: Instant
      readonly notBefore: Instant
    }
  | {
      readonly code: 'expired'
      readonly at: PathIndex
      readonly now: Instant
      readonly notAfter: Instant
    }
  | {
      readonly code: 'not_a_ca'
      readonly at: PathIndex
      readonly basicConstraints: 'absent' | 'cA false'
    }
  /** `found` of `limit` intermediates that are not self-issued stand between this CA and the leaf. */
  | {
      readonly code: 'path_length_exceeded'
      readonly at: PathIndex
      readonly found: number
      readonly limit: number
    }
  /** `found`: how many certificates there were at least; the search ends with the first too many. */
  | { readonly code: 'chain_too_deep'; readonly found: number; readonly limit: number }
  | {
      readonly code: 'key_usage_forbids'
      readonly at: PathIndex
      readonly needed: 'digitalSignature' | 'keyCertSign'
      readonly allowed: readonly KeyUsage[]
    }
  /** Purposes as dotted identifiers. */
  | {
      readonly code: 'purpose_forbids'
      readonly at: PathIndex
      readonly needed: string
      readonly allowed: readonly string[]
    }
  /** No policy holds that the relying party takes, and it or a CA of the path requires one. */
  | {
      readonly code: 'policy_required'
      readonly at: PathIndex
      readonly initial: readonly string[] | 'any'
      readonly offered: readonly string[]
    }
  | {
      readonly code: 'policy_mapping_forbidden'
      readonly at: PathIndex
      readonly issuerDomain: string
      readonly subjectDomain: string
    }
  /** RFC 5280 4.2.1.10: a name outside of what the CA at `constrainedBy` permits, or inside of what it excludes. */
  | {
      readonly code: 'name_constraint_violated'
      readonly at: PathIndex
      readonly constrainedBy: PathIndex
      readonly form: NameForm
      /** As text; an address in hexadecimal, the form alone where this core does not read it. */
      readonly name: string
    }
  | { readonly code: 'critical_extension_unknown'; readonly at: PathIndex; readonly oid: string }
  /** RFC 5280 section 4: no CA that keeps to the profile issues such a certificate. */
  | {
      readonly code: 'profile_violated'
      readonly at: PathIndex
      readonly rule: ProfileRule
      readonly found: string
      readonly wanted: string
    }
  // Revocation
  /** `since` is undefined where the platform says so and no CRL of ours. */
  | {
      readonly code: 'revoked'
      readonly at: PathIndex
      readonly serial: string
      readonly since: Instant | undefined
    }
  | {
      readonly code: 'revocation_unknown'
      readonly at: PathIndex
      readonly serial: string
      readonly gap: RevocationGap
    }
  // Bounds
  | { readonly code: 'budget_exhausted'; readonly budget: 'signatures' | 'paths' | 'comparisons' }
  // Sessions
  | { readonly code: 'session_of_other_certificate' }

export type RejectionCode = Rejection['code']

interface RejectionRow {
  /** HTTP status of the problem document, where the platform lets a request through at all. */
  readonly status: 400 | 401 | 403 | 431 | 503
  /** Of the reasons met on several candidate paths the highest rank is told. */
  readonly rank: number
  /** Ends the search: no other path is tried. */
  readonly fatal: boolean
  /** ALB's connection-log reason code (its documentation lists thirteen). */
  readonly alb: AlbReason
}

export type AlbReason =
  | 'ClientCertMaxChainDepthExceeded'
  | 'ClientCertMaxSizeExceeded'
  | 'ClientCertCrlHit'
  | 'ClientCertCrlProcessingError'
  | 'ClientCertUntrusted'
  | 'ClientCertNotYetValid'
  | 'ClientCertExpired'
  | 'ClientCertTypeUnsupported'
  | 'ClientCertInvalid'
  | 'ClientCertPurposeInvalid'
  | 'ClientCertRejected'
  | 'UnmappedConnectionError'
  | 'ClientCertIncompatible'

/**
 * The one table of refusals. Ranks grow with how far a path came before it failed: a path that
 * was revoked says more than one that never reached an anchor.
 */
export const rejections = {
  no_certificate: { status: 401, rank: 0, fatal: true, alb: 'UnmappedConnectionError' },
  header_forged: { status: 401, rank: 0, fatal: true, alb: 'ClientCertRejected' },
  presentation_malformed: { status: 400, rank: 0, fatal: true, alb: 'ClientCertInvalid' },
  certificate_withheld: { status: 431, rank: 0, fatal: true, alb: 'ClientCertMaxSizeExceeded' },
  attestation_insufficient: { status: 403, rank: 0, fatal: true, alb: 'ClientCertRejected' },
  malformed_certificate: { status: 400, rank: 10, fatal: false, alb: 'ClientCertInvalid' },
  certificate_too_large: { status: 431, rank: 10, fatal: true, alb: 'ClientCertMaxSizeExceeded' },
  untrusted: { status: 403, rank: 20, fatal: false, alb: 'ClientCertUntrusted' },
  signature_invalid: { status: 403, rank: 30, fatal: false, alb: 'ClientCertUntrusted' },
  algorithm_unsupported: { status: 403, rank: 40, fatal: false, alb: 'ClientCertTypeUnsupported' },
  key_unsupported: { status: 403, rank: 40, fatal: false, alb: 'ClientCertIncompatible' },
  critical_extension_unknown: { status: 403, rank: 50, fatal: false, alb: 'ClientCertInvalid' },
  profile_violated: { status: 403, rank: 50, fatal: false, alb: 'ClientCertInvalid' },
  not_a_ca: { status: 403, rank: 50, fatal: false, alb: 'ClientCertUntrusted' },
  path_length_exceeded: { status: 403, rank: 50, fatal: false, alb: 'ClientCertUntrusted' },
  chain_too_deep: { status: 403, rank: 25, fatal: false, alb: 'ClientCertMaxChainDepthExceeded' },
  key_usage_forbids: { status: 403, rank: 60, fatal: false, alb: 'ClientCertPurposeInvalid' },
  purpose_forbids: { status: 403, rank: 60, fatal: false, alb: 'ClientCertPurposeInvalid' },
  policy_mapping_forbidden: { status: 403, rank: 50, fatal: false, alb: 'ClientCertUntrusted' },
  name_constraint_violated: { status: 403, rank: 50, fatal: false, alb: 'ClientCertUntrusted' },
  policy_required: { status: 403, rank: 60, fatal: false, alb: 'ClientCertUntrusted' },
  revocation_unknown: { status: 503, rank: 80, fatal: false, alb: 'ClientCertCrlProcessingError' },
  not_yet_valid: { status: 403, rank: 90, fatal: false, alb: 'ClientCertNotYetValid' },
  expired: { status: 403, rank: 90, fatal: false, alb: 'ClientCertExpired' },
  revoked: { status: 403, rank: 100, fatal: false, alb: 'ClientCertCrlHit' },
  budget_exhausted: { status: 403, rank: 0, fatal: true, alb: 'ClientCertRejected' },
  session_of_other_certificate: { status: 401, rank: 0, fatal: true, alb: 'ClientCertRejected' },
} as const satisfies Record<RejectionCode, RejectionRow>

/** Of two reasons the one that tells more about why the device was refused; the first when equal. */
export function moreTelling(a: Rejection | undefined, b: Rejection): Rejection {
  return a !== undefined && rejections[a.code].rank >= rejections[b.code].rank ? a : b
}
