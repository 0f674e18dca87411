import type { RejectionCode } from '#shared/verdict/rejection.ts'
import type { ConnectionVerdict } from '../profile.ts'

/**
 * What Cloudflare's `certVerified` says for each rejection: BoringSSL's text behind `FAILED:`, or
 * the bare `FAILED` that its types list for the rest. `SUCCESS` of a revoked certificate is no
 * slip: the field stays so, and for an uploaded CA no CRL is ever asked.
 */
export const verifiedWords = {
  no_certificate: 'NONE',
  header_forged: 'FAILED',
  presentation_malformed: 'FAILED',
  certificate_withheld: 'FAILED',
  attestation_insufficient: 'FAILED',
  malformed_certificate: 'FAILED',
  certificate_too_large: 'FAILED',
  untrusted: 'FAILED:unable to get local issuer certificate',
  signature_invalid: 'FAILED:certificate signature failure',
  algorithm_unsupported: 'FAILED:certificate signature failure',
  key_unsupported: 'FAILED:EE certificate key too weak',
  not_yet_valid: 'FAILED:certificate is not yet valid',
  expired: 'FAILED:certificate has expired',
  profile_violated: 'FAILED',
  not_a_ca: 'FAILED:invalid CA certificate',
  path_length_exceeded: 'FAILED:path length constraint exceeded',
  chain_too_deep: 'FAILED:certificate chain too long',
  key_usage_forbids: 'FAILED:unsupported certificate purpose',
  purpose_forbids: 'FAILED:unsupported certificate purpose',
  policy_mapping_forbidden: 'FAILED:invalid or inconsistent certificate policy extension',
  name_constraint_violated: 'FAILED:permitted subtree violation',
  policy_required: 'FAILED:no explicit policy',
  critical_extension_unknown: 'FAILED:unhandled critical extension',
  revoked: 'SUCCESS',
  revocation_unknown: 'SUCCESS',
  budget_exhausted: 'FAILED',
  session_of_other_certificate: 'FAILED',
} as const satisfies Record<RejectionCode, string>

/** `certVerified` of a connection: Cloudflare always verifies, so a missing verdict is an error. */
export function certVerified(verdict: ConnectionVerdict): string {
  switch (verdict.kind) {
    case 'none':
      return 'NONE'
    case 'success':
      return 'SUCCESS'
    case 'failed':
      return verifiedWords[verdict.rejection.code]
    case 'unasked':
      throw new Error('the cloudflare profile asks for a verdict and was given none')
  }
}
