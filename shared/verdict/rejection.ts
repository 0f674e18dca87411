import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { NameForm } from '#shared/x509/general-name.ts'

/** Which certificate of a path: 0 is the leaf, 1 its issuer, and so on; the anchor's stands last. */
export type PathIndex = number

/** What RFC 5280 section 4 asks of a certificate by itself, each rule by what it wants. */
export type ProfileRule =
  | 'extensions'
  | 'version'
  | 'issuer_named'
  | 'subject_named'
  | 'name_string'
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
  /** A list answers, and the part of it that would tell of this serial could not be loaded. */
  | 'not_at_hand'

/** Why a client certificate was refused. Facts only, Names as DER: words are made where they are shown. */
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
  | { readonly code: 'untrusted'; readonly at: PathIndex; readonly issuer: Bytes }
  | {
      readonly code: 'signature_invalid'
      readonly at: PathIndex
      readonly algorithm: Bytes
      readonly issuer: Bytes
    }
  /** `algorithm`: DER of the AlgorithmIdentifier; `set`: the algorithms that were asked for, by name. */
  | {
      readonly code: 'algorithm_unsupported'
      readonly at: PathIndex
      readonly algorithm: Bytes
      readonly set: string
    }
  /** `key`: DER of the SubjectPublicKeyInfo. */
  | {
      readonly code: 'key_unsupported'
      readonly at: PathIndex
      readonly key: Bytes
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
  /** `allowed`: octets of the keyUsage's named bits. */
  | {
      readonly code: 'key_usage_forbids'
      readonly at: PathIndex
      readonly needed: 'digitalSignature' | 'keyCertSign'
      readonly allowed: Bytes
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
      /** Text; of an address its octets, of a directory name its DER; the form alone where this core reads no more. */
      readonly name: string | Bytes
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

/** Of this rank is what ends the search: no other path is tried, and so nothing tells more. */
export const fatal = Number.POSITIVE_INFINITY

/**
 * Of the reasons met on several candidate paths the highest rank is told. Ranks grow with how far a
 * path came before it failed: a path that was revoked says more than one that never reached an anchor.
 */
export const ranks: Readonly<Record<RejectionCode, number>> = {
  no_certificate: fatal,
  header_forged: fatal,
  presentation_malformed: fatal,
  certificate_withheld: fatal,
  attestation_insufficient: fatal,
  malformed_certificate: 10,
  certificate_too_large: fatal,
  untrusted: 20,
  signature_invalid: 30,
  algorithm_unsupported: 40,
  key_unsupported: 40,
  critical_extension_unknown: 50,
  profile_violated: 50,
  not_a_ca: 50,
  path_length_exceeded: 50,
  chain_too_deep: 25,
  key_usage_forbids: 60,
  purpose_forbids: 60,
  policy_mapping_forbidden: 50,
  name_constraint_violated: 50,
  policy_required: 60,
  revocation_unknown: 80,
  not_yet_valid: 90,
  expired: 90,
  revoked: 100,
  budget_exhausted: fatal,
  session_of_other_certificate: fatal,
}

/** Of two reasons the one that tells more about why the device was refused; the first when equal. */
export function moreTelling(a: Rejection | undefined, b: Rejection): Rejection {
  return a !== undefined && ranks[a.code] >= ranks[b.code] ? a : b
}
