import { toHex } from '#shared/bytes.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import { answers } from '#shared/verdict/answers.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'

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

/** What is no decision on a certificate: of the service itself, or of what the device asked for. */
const others = {
  trust_store_unavailable: { status: 503, title: 'The trust store cannot be read at the moment' },
  not_from_terminator: {
    status: 421,
    title: 'The request did not come through the TLS terminator',
  },
  target_unreachable: { status: 502, title: 'The service behind did not answer' },
  target_unavailable: { status: 503, title: 'There is no service behind at the moment' },
  target_timeout: { status: 504, title: 'The service behind did not answer in time' },
  body_too_large: { status: 413, title: 'The body of the request is too large' },
  headers_too_large: { status: 431, title: 'The headers of the request are too large' },
  // nginx's own status: nobody reads it but the log.
  client_gone: { status: 499, title: 'The client did not wait for the answer' },
  misconfigured: { status: 500, title: 'The service is not configured correctly' },
  token_invalid: { status: 401, title: 'The token of the request is not accepted' },
  token_keys_unavailable: {
    status: 503,
    title: 'The token of the request cannot be checked at the moment',
  },
  not_authorized: { status: 403, title: 'The device may not do this' },
  device_unregistered: { status: 403, title: 'The device is not registered' },
  device_pending: { status: 403, title: 'The device waits for its approval' },
  device_inactive: { status: 403, title: 'The device is not in use' },
  registry_unavailable: { status: 503, title: 'The registry of devices does not answer in time' },
  request_malformed: { status: 400, title: 'The request has a method or path that is not taken' },
  method_not_allowed: { status: 405, title: 'This address does not take this method' },
  websocket_expected: { status: 426, title: 'This address speaks MQTT over WebSocket' },
} as const

export type ProblemCode = RejectionCode | keyof typeof others

/** One answer that is no success. */
export interface Problem {
  readonly code: ProblemCode
  /** Of `problemId`: whoever shows it can be told why, from the log line that bears it as well. */
  readonly id: string
}

/** 128 bits: two problems of one fleet never share a name, and nobody guesses one. */
const idOctets = 16

/** A new problem's name, in lower-case hexadecimal. */
export function problemId(random: RandomOctets): string {
  return toHex(random(idOctets))
}

/** A problem document (RFC 9457): code, sentence and id, no facts. */
export function problemDocument({ code, id }: Problem): Response {
  const { status, title, headers } = problemAnswer(code)
  headers.set('content-type', 'application/problem+json')
  const type = `urn:sallyport:problem:${code}`
  const body = { type, title, status, code, instance: `urn:sallyport:occurrence:${id}` }
  return new Response(JSON.stringify(body), { status, headers })
}

/** What every form of one problem's answer has in common; the headers are the caller's to add to. */
export function problemAnswer(code: ProblemCode): {
  readonly status: number
  readonly title: string
  readonly headers: Headers
} {
  const row = rowOf(code)
  const headers = new Headers({ 'cache-control': 'no-store', vary: 'accept' })
  if (passing.has(code)) headers.set('retry-after', retryAfterSeconds)
  // RFC 9110 15.5.2: a 401 has to name a scheme. A token of ours counts beside its certificate alone.
  if (row.status === 401) headers.set('www-authenticate', schemeOf(code))
  return { ...row, headers }
}

/** RFC 6750 3.1 for tokens of others. */
const schemeOf = (code: ProblemCode): string =>
  code === 'token_invalid' ? 'Bearer error="invalid_token"' : 'Sallyport'

/** What is likely to pass without the device's doing anything else than to come back. */
const passing: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'revocation_unknown',
  'trust_store_unavailable',
  'registry_unavailable',
  'token_keys_unavailable',
  'target_unreachable',
  'target_unavailable',
  'target_timeout',
])

/** Seconds: one staleness bound, after which the trust store is asked again. */
const retryAfterSeconds = '5'

function rowOf(code: ProblemCode): { readonly status: number; readonly title: string } {
  return code in others
    ? others[code as keyof typeof others]
    : { status: answers[code as RejectionCode].status, title: titles[code as RejectionCode] }
}
