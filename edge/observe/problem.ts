import { rejections, type RejectionCode } from '#shared/verdict/rejection.ts'

/** Sentences for people, and nothing an attacker learns from: the facts stay in the rejection. */
const titles = {
  no_certificate: 'A client certificate is required',
  header_forged: 'A client certificate is required, and a header is none',
  presentation_malformed: 'The client certificate could not be read',
  certificate_withheld: 'The client certificate is too large',
  attestation_insufficient: 'The client certificate could not be verified here',
  malformed_certificate: 'The client certificate is malformed',
  certificate_too_large: 'The client certificate is too large',
  untrusted: 'The client certificate is not trusted',
  signature_invalid: 'The client certificate is not trusted',
  algorithm_unsupported: 'The client certificate uses an algorithm that is not accepted',
  key_unsupported: 'The client certificate uses a key that is not accepted',
  not_yet_valid: 'The client certificate is not valid yet',
  expired: 'The client certificate has expired',
  profile_violated: 'The client certificate is not made as certificates have to be',
  not_a_ca: 'The client certificate was issued by a certificate that is no CA',
  path_length_exceeded: 'The client certificate chain is longer than its CA allows',
  chain_too_deep: 'The client certificate chain is too long',
  key_usage_forbids: 'The client certificate may not be used for this',
  purpose_forbids: 'The client certificate may not be used for this',
  policy_mapping_forbidden: 'The client certificate chain maps a policy that cannot be mapped',
  name_constraint_violated: 'The client certificate has a name that its CA may not give',
  policy_required: 'The client certificate was not issued under a policy that is accepted here',
  critical_extension_unknown: 'The client certificate has an extension that is not understood',
  revoked: 'The client certificate has been revoked',
  revocation_unknown: 'The client certificate could not be checked for revocation',
  budget_exhausted: 'The client certificate chain is too complex',
  session_of_other_certificate: 'The session belongs to another client certificate',
} as const satisfies Record<RejectionCode, string>

/** Faults of the service itself, that are no decision on a certificate. */
const serviceTitles = {
  trust_store_unavailable: 'The trust store cannot be read at the moment',
  not_from_terminator: 'The request did not come through the TLS terminator',
  target_unreachable: 'The service behind did not answer',
  misconfigured: 'The service is not configured correctly',
  websocket_expected: 'This address speaks MQTT over WebSocket',
} as const

export type ServiceFault = keyof typeof serviceTitles

/** A refusal as a problem document (RFC 9457); 503 says when to come back. */
export function refusal(code: RejectionCode): Response {
  return problem(rejections[code].status, code, titles[code])
}

/** A fault of the service as a problem document. */
export function serviceFault(status: 421 | 426 | 500 | 502 | 503, code: ServiceFault): Response {
  return problem(status, code, serviceTitles[code])
}

/** Seconds: one staleness bound, after which the trust store is asked again. */
const retryAfterSeconds = '5'

function problem(status: number, code: string, title: string): Response {
  const headers = new Headers({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  })
  if (status === 503) headers.set('retry-after', retryAfterSeconds)
  const body = { type: `urn:sallyport:problem:${code}`, title, status, code }
  return new Response(JSON.stringify(body), { status, headers })
}
