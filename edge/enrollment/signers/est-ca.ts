import { equalBytes, fromBase64, toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { ok, type Result } from '#shared/result.ts'
import { readCertsOnly } from '#shared/wire/certs-only.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { parseCertificationRequest, type CertificationRequest } from '#shared/x509/request.ts'
import type { CaSettings } from '../ca-settings.ts'
import type { Signer, SignerFailure, SigningOrder } from '../signer.ts'
import { askCa, isPassing, refused, shortened, unavailable, type AskCa } from './ask-ca.ts'
import { checkIssued } from './check-issued.ts'

export type EstCaSettings = Extract<CaSettings, { kind: 'est' }>

/**
 * Another EST server as the CA (RFC 7030 4.2): this edge is its registration authority and vouches
 * for devices by a password of its own. Serial and dates are that server's; one that certifies for
 * longer than was ordered is refused.
 */
export function createEstSigner(settings: EstCaSettings, ask: AskCa): Signer {
  const credential = toBase64(toUtf8(`${settings.user}:${settings.password}`))
  const headers = {
    authorization: `Basic ${credential}`,
    'content-type': 'application/pkcs10',
    'content-transfer-encoding': 'base64',
  }
  return {
    caCertificates: async () => ok(settings.certificates.map(({ der }) => der)),
    async sign(order) {
      const request = parseCertificationRequest(order.request)
      if (!request.ok) return refused('the request cannot be read')
      const body = toBase64(order.request)
      const answer = await askCa(ask, `${settings.url}/simpleenroll`, { headers, body })
      return answer.ok ? readAnswer(answer.value, order, request.value) : answer
    },
  }
}

/** RFC 7030 4.2.3: 200 with the certificate; 202 while it is not ready, and the same request again. */
function readAnswer(
  { status, text }: { readonly status: number; readonly text: string },
  order: SigningOrder,
  request: CertificationRequest,
): Result<Bytes, SignerFailure> {
  if (status === 202) return unavailable('the EST server has it under way')
  if (status !== 200) {
    const because = `the EST server answers ${status}: ${shortened(text)}`
    return isPassing(status) ? unavailable(because) : refused(because)
  }
  const der = certificateFor(request, text)
  if (der === undefined)
    return refused('the EST server answers 200 without a certificate for this key')
  const issued = checkIssued(der, order, request)
  return issued.ok
    ? issued
    : refused(`what the EST server signed is not what was ordered: ${issued.error}`)
}

/** RFC 7030 4.2.3: the issued certificate alone; some servers send their CAs along. */
function certificateFor({ spki }: CertificationRequest, text: string): Bytes | undefined {
  const octets = fromBase64(text.replaceAll(/[\r\n\t ]/g, ''))
  const certificates = octets === undefined ? undefined : readCertsOnly(octets)
  if (certificates?.ok !== true) return undefined
  return certificates.value.find((der) => {
    const parsed = parseCertificate(der)
    return parsed.ok && equalBytes(parsed.value.spki, spki)
  })
}
