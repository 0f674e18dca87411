import { toHex, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { rfc2253Name } from './names.ts'
import { encodePem } from './pem.ts'
import { xfccLengthMax } from './xfcc.ts'

/** What an element tells beside `By` and `Hash`: Envoy's `set_current_client_cert_details`. */
export type XfccDetail = 'Cert' | 'Chain' | 'Subject' | 'URI' | 'DNS'

/** Envoy's order, whatever the order in which they were asked for. */
const detailOrder = ['Cert', 'Chain', 'Subject', 'URI', 'DNS'] as const

/** What one element is written from. */
export interface XfccPeer {
  /** URI names of our own certificate; none where we have none. */
  readonly by: readonly string[]
  readonly leaf: Certificate
  /** DER, in the order of TLS. */
  readonly intermediates: readonly Bytes[]
}

/** What cannot be written, and what it should have been. */
export interface XfccWriteFault {
  readonly key: 'By' | 'Subject' | 'URI' | 'DNS' | 'element'
  readonly expected: string
}

/**
 * One element of `x-forwarded-client-cert` as Envoy writes it: `By`, `Hash`, then the details asked
 * for; `Cert`, `Chain` and `Subject` always in quotes, other values where they hold a separator. A
 * name with a character that could end its value is refused: Envoy lets it, and what follows it is
 * then read as the proxy's own word.
 */
export async function writeXfcc(
  peer: XfccPeer,
  details: readonly XfccDetail[],
): Promise<Result<string, XfccWriteFault>> {
  const by = pairs('By', peer.by)
  if (!by.ok) return by
  const parts = [...by.value, `Hash=${await sha256Hex(peer.leaf.der)}`]
  for (const detail of detailOrder) {
    if (!details.includes(detail)) continue
    const written = writeDetail(detail, peer)
    if (!written.ok) return written
    parts.push(...written.value)
  }
  const element = parts.join(';')
  if (element.length <= xfccLengthMax) return ok(element)
  return err({ key: 'element', expected: `at most ${xfccLengthMax} characters` })
}

function writeDetail(
  detail: XfccDetail,
  { leaf, intermediates }: XfccPeer,
): Result<readonly string[], XfccWriteFault> {
  const { dns = [], uris = [] } = leaf.extensions.subjectAltNames ?? {}
  switch (detail) {
    case 'Cert':
      return ok([`Cert="${urlPem([leaf.der])}"`])
    case 'Chain':
      return ok([`Chain="${urlPem([leaf.der, ...intermediates])}"`])
    case 'Subject':
      return writeSubject(leaf)
    case 'URI':
      // Envoy writes the key of a certificate without a URI as well.
      return uris.length === 0 ? ok(['URI=']) : pairs('URI', uris)
    case 'DNS':
      return pairs('DNS', dns)
  }
}

/** RFC 2253 escapes quotes, backslashes and everything outside printable ASCII by itself. */
function writeSubject({ subject }: Certificate): Result<readonly string[], XfccWriteFault> {
  const text = rfc2253Name(subject)
  if (!text.ok) return err({ key: 'Subject', expected: text.error.expected })
  return ok([`Subject="${text.value}"`])
}

/** The characters that a name may consist of: those of a URI (RFC 3986 section 2), and of a host. */
const allowed = {
  By: { pattern: /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/, expected: 'a URI' },
  URI: { pattern: /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/, expected: 'a URI' },
  DNS: { pattern: /^[A-Za-z0-9\-._*]+$/, expected: 'a host name' },
} as const

function pairs(
  key: keyof typeof allowed,
  values: readonly string[],
): Result<readonly string[], XfccWriteFault> {
  const { pattern, expected } = allowed[key]
  if (!values.every((value) => pattern.test(value))) return err({ key, expected })
  return ok(values.map((value) => `${key}=${/[,;=]/.test(value) ? `"${value}"` : value}`))
}

/** Everything but unreserved characters encoded, `+ / =` as well, unlike ALB. */
function urlPem(ders: readonly Uint8Array[]): string {
  return encodeURIComponent(ders.map((der) => encodePem('CERTIFICATE', der)).join(''))
}

async function sha256Hex(der: Bytes): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', der)))
}
