import { toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { writeCertsOnly } from '#shared/wire/certs-only.ts'

/*
 * Answers as EST clients read them: with a Content-Length, which not every runtime gives a body by
 * itself, and in one line of base64. strongSwan's client takes neither chunks nor line ends.
 */

/**
 * RFC 7030 4.1.3 and 4.2.3: certificates alone.
 *
 * @param certificates DER of each
 */
export function certificatesAnswer(certificates: readonly Bytes[]): Response {
  return base64Answer(writeCertsOnly(certificates), 'application/pkcs7-mime; smime-type=certs-only')
}

/** RFC 7030 4.5.2. */
export const attributesAnswer = (der: Bytes): Response => base64Answer(der, 'application/csrattrs')

function base64Answer(der: Bytes, type: string): Response {
  const headers = {
    'content-type': type,
    // RFC 8951 section 3 ignores it; clients of RFC 7030 may not.
    'content-transfer-encoding': 'base64',
    'cache-control': 'no-store',
  }
  return textAnswer(toBase64(der), { headers: new Headers(headers) })
}

/** RFC 7030 4.2.3: not ready. The device repeats the same request after so long. */
export function laterAnswer(retryAfterMs: number, because: string): Response {
  const headers = {
    ...textHeaders,
    'retry-after': `${Math.max(1, Math.ceil(retryAfterMs / 1000))}`,
  }
  return textAnswer(`${because}\n`, { status: 202, headers: new Headers(headers) })
}

/** Why there is no certificate: a stable code, and a sentence for whoever looks after the device. */
export interface EstRefusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 500 | 501 | 503
  readonly code: string
  readonly because: string
  /** Of 405: the methods that there are. */
  readonly allow?: string
}

/** RFC 8951 section 5: an error is text. */
export function refusalAnswer({ status, code, because, allow }: EstRefusal): Response {
  const headers = new Headers(textHeaders)
  // RFC 9110 11.6.1, RFC 7617, RFC 6750: the two ways to show a one-time token.
  if (status === 401) headers.set('www-authenticate', challenges)
  if (status === 503) headers.set('retry-after', retryAfterSeconds)
  if (allow !== undefined) headers.set('allow', allow)
  return textAnswer(`${code}: ${because}\n`, { status, headers })
}

function textAnswer(
  text: string,
  { status = 200, headers }: { readonly status?: number; readonly headers: Headers },
): Response {
  const body = toUtf8(text)
  headers.set('content-length', `${body.length}`)
  return new Response(body, { status, headers })
}

const textHeaders = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-store',
  // What is told may repeat a name that the device wrote: no browser makes a page of it.
  'x-content-type-options': 'nosniff',
}

const challenges = 'Basic realm="enrollment", charset="UTF-8", Bearer realm="enrollment"'

/** Seconds: a registry that does not answer is a database that starts again. */
const retryAfterSeconds = '10'
