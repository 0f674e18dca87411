import { toHex } from '#shared/bytes.ts'
import { commonName, subjectOf, textsOf } from '#shared/enrollment/subject.ts'
import { ok, type Result } from '#shared/result.ts'
import { isoFromInstant, type Clock } from '#shared/time.ts'
import { decodePem, encodePem } from '#shared/wire/pem.ts'
import { parseCertificationRequest, type CertificationRequest } from '#shared/x509/request.ts'
import type { Signer, SignerFailure, SigningOrder } from '../signer.ts'
import type { CaSettings } from '../ca-settings.ts'
import { askCa, isPassing, refused, shortened, unavailable, type AskCa } from './ask-ca.ts'
import { checkIssued } from './check-issued.ts'
import { stepCaToken } from './step-ca-token.ts'
import { parseJsonObject } from '../../json.ts'

export type StepCaSettings = Extract<CaSettings, { kind: 'step-ca' }>

/**
 * A step-ca with a JWK provisioner: one token for one order, whose id is the order's serial, so that
 * the CA itself signs one order at most once. It draws serials of its own. Renewals are orders too:
 * `/1.0/renew` wants the device's own key.
 */
export function createStepCaSigner(settings: StepCaSettings, ask: AskCa, clock: Clock): Signer {
  return {
    caCertificates: async () => ok(settings.certificates.map(({ der }) => der)),
    async sign(order) {
      const request = parseCertificationRequest(order.request)
      if (!request.ok) return refused('the request cannot be read')
      const names = namesOf(request.value)
      if (typeof names === 'string') return refused(names)
      const ott = await stepCaToken(settings.key, {
        provisioner: settings.provisioner,
        audience: `${settings.url}/1.0/sign`,
        ...names,
        id: toHex(order.serial),
        now: clock.now(),
      })
      const body = JSON.stringify({
        csr: encodePem('CERTIFICATE REQUEST', order.request),
        ott,
        notBefore: isoFromInstant(order.notBefore),
        notAfter: isoFromInstant(order.notAfter),
      })
      const headers = { 'content-type': 'application/json' }
      const answer = await askCa(ask, `${settings.url}/1.0/sign`, { headers, body })
      return answer.ok ? readAnswer(answer.value, order, request.value) : answer
    },
  }
}

interface TokenNames {
  readonly subject: string
  readonly sans: readonly string[]
}

/** What its tokens can say: a common name, and names that it knows the forms of. */
function namesOf({ subject, extensions }: CertificationRequest): TokenNames | string {
  const [name, ...more] = textsOf(subjectOf('request', subject, undefined), commonName)
  if (name === undefined || more.length > 0) return 'a step-ca certifies exactly one common name'
  const altNames = extensions.subjectAltNames
  if (altNames === undefined) return 'a step-ca certifies no request without a subjectAltName'
  const sans = [...altNames.dns, ...altNames.uris, ...altNames.emails]
  if (sans.length !== altNames.all.length) return 'a step-ca takes DNS names, URIs and e-mail only'
  return { subject: name, sans }
}

function readAnswer(
  { status, text }: { readonly status: number; readonly text: string },
  order: SigningOrder,
  request: CertificationRequest,
): Result<SigningOrder['request'], SignerFailure> {
  if (status !== 201) {
    const because = `the step-ca answers ${status}: ${shortened(text)}`
    return isPassing(status) ? unavailable(because) : refused(because)
  }
  const pem = certificateOf(text)
  const ders = pem === undefined ? undefined : decodePem(pem, 'CERTIFICATE')
  const [der] = ders?.ok === true ? ders.value : []
  if (der === undefined) return refused('the step-ca answers 201 without a certificate')
  const issued = checkIssued(der, order, request)
  return issued.ok
    ? issued
    : refused(`what the step-ca signed is not what was ordered: ${issued.error}`)
}

/** `crt` of its answer, PEM. */
function certificateOf(text: string): string | undefined {
  const value = parseJsonObject(text)
  if (value === undefined || !('crt' in value)) return undefined
  return typeof value.crt === 'string' ? value.crt : undefined
}
