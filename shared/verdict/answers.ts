import type { RejectionCode } from './rejection.ts'

interface Answer {
  /** HTTP status of the problem document, where the platform lets a request through at all. */
  readonly status: 400 | 401 | 403 | 431 | 503
  /** ALB's connection-log reason code (its documentation lists thirteen). */
  readonly alb: AlbReason
}

type AlbReason =
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

/** What the world outside is told of each refusal: one row a code. What the search makes of it is its rank. */
export const answers = {
  no_certificate: { status: 401, alb: 'UnmappedConnectionError' },
  header_forged: { status: 401, alb: 'ClientCertRejected' },
  presentation_malformed: { status: 400, alb: 'ClientCertInvalid' },
  certificate_withheld: { status: 431, alb: 'ClientCertMaxSizeExceeded' },
  attestation_insufficient: { status: 403, alb: 'ClientCertRejected' },
  malformed_certificate: { status: 400, alb: 'ClientCertInvalid' },
  certificate_too_large: { status: 431, alb: 'ClientCertMaxSizeExceeded' },
  untrusted: { status: 403, alb: 'ClientCertUntrusted' },
  signature_invalid: { status: 403, alb: 'ClientCertUntrusted' },
  algorithm_unsupported: { status: 403, alb: 'ClientCertTypeUnsupported' },
  key_unsupported: { status: 403, alb: 'ClientCertIncompatible' },
  critical_extension_unknown: { status: 403, alb: 'ClientCertInvalid' },
  profile_violated: { status: 403, alb: 'ClientCertInvalid' },
  not_a_ca: { status: 403, alb: 'ClientCertUntrusted' },
  path_length_exceeded: { status: 403, alb: 'ClientCertUntrusted' },
  chain_too_deep: { status: 403, alb: 'ClientCertMaxChainDepthExceeded' },
  key_usage_forbids: { status: 403, alb: 'ClientCertPurposeInvalid' },
  purpose_forbids: { status: 403, alb: 'ClientCertPurposeInvalid' },
  policy_mapping_forbidden: { status: 403, alb: 'ClientCertUntrusted' },
  name_constraint_violated: { status: 403, alb: 'ClientCertUntrusted' },
  policy_required: { status: 403, alb: 'ClientCertUntrusted' },
  revocation_unknown: { status: 503, alb: 'ClientCertCrlProcessingError' },
  not_yet_valid: { status: 403, alb: 'ClientCertNotYetValid' },
  expired: { status: 403, alb: 'ClientCertExpired' },
  revoked: { status: 403, alb: 'ClientCertCrlHit' },
  budget_exhausted: { status: 403, alb: 'ClientCertRejected' },
  session_of_other_certificate: { status: 401, alb: 'ClientCertRejected' },
} as const satisfies Record<RejectionCode, Answer>
