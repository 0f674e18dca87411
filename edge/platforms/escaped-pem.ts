import type { Bytes } from '#shared/bytes.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { decodeUrlPem } from '#shared/wire/url-pem.ts'
import type { PlatformRequest } from './platform.ts'
import { headerOf, malformed } from './reading.ts'

/** Where a proxy puts the leaf as URL-encoded PEM, and its own verdict on it. */
export interface EscapedPemHeaders {
  readonly cert: string
  /** Not looked at where it is undefined. */
  readonly verify: string | undefined
}

const verdicts = 'SUCCESS, GENEROUS, NONE or FAILED:…'

/**
 * The leaf of nginx, ingress-nginx, Apache and Application Gateway, which pass no chain. OpenSSL's
 * verdict beside it is evidence and no decision: it has to agree that there is a certificate, and a
 * certificate that the proxy found in a CRL of its own stays revoked.
 */
export function readEscapedPem(request: PlatformRequest, names: EscapedPemHeaders): Presented {
  const text = headerOf(request, names.cert)
  const verdict = names.verify === undefined ? undefined : headerOf(request, names.verify)
  if (text === undefined) return readAbsence(names, verdict)
  if (names.verify === undefined) return readLeaf(names.cert, text, undefined)
  if (verdict === 'NONE') return malformed(names.verify, 'a verdict on the certificate')
  if (verdict === undefined || !isVerdict(verdict)) return malformed(names.verify, verdicts)
  return readLeaf(names.cert, text, verdict)
}

function readAbsence(names: EscapedPemHeaders, verdict: string | undefined): Presented {
  if (verdict === undefined || verdict === 'NONE') return { kind: 'none' }
  return malformed(names.cert, `the certificate that ${names.verify} speaks of`)
}

function readLeaf(field: string, text: string, verdict: string | undefined): Presented {
  const read = decodeUrlPem(text)
  if (!read.ok) return malformed(field, read.error.expected)
  const [leaf, ...more] = read.value
  if (leaf === undefined || more.length > 0) return malformed(field, 'one certificate')
  return asRevoked(leaf, verdict === 'FAILED:certificate revoked')
}

function asRevoked(leaf: Bytes, revoked: boolean): Presented {
  const presented = { kind: 'chain', leaf, intermediates: [] } as const
  return revoked ? { ...presented, platformSaysRevoked: true } : presented
}

/** nginx's `$ssl_client_verify` and Apache's `SSL_CLIENT_VERIFY`; a header that came twice is none. */
function isVerdict(text: string): boolean {
  return /^(?:SUCCESS|GENEROUS|FAILED(?::[^,]*)?)$/.test(text)
}
