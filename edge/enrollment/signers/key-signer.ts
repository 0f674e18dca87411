import { err, ok } from '#shared/result.ts'
import { isoFromInstant } from '#shared/time.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import type { Signer, SignerFailure, SigningOrder } from '../signer.ts'
import type { Authority } from './authority.ts'
import { issueCertificate, type Template } from './certificate.ts'

/**
 * A CA whose key is a secret of this edge: for development and small fleets, since whoever can read
 * the deployment's secrets can issue.
 */
export function createKeySigner(authority: Authority, template: Template): Signer {
  const certificates = [authority.certificate, ...authority.others].map(({ der }) => der)
  return {
    caCertificates: async () => ok(certificates),
    async sign(order) {
      const refusal = outlives(order, authority)
      if (refusal !== undefined) return err(refusal)
      const request = parseCertificationRequest(order.request)
      if (!request.ok) return err(refused('the request cannot be read'))
      return ok(await issueCertificate(authority, template, order, request.value.spki))
    },
  }
}

/** No path is good for longer than its CA: a certificate that is would only look so. */
function outlives(
  { notAfter }: SigningOrder,
  { certificate }: Authority,
): SignerFailure | undefined {
  const end = certificate.validity.notAfter
  if (notAfter <= end) return undefined
  return refused(`${isoFromInstant(notAfter)} is after the CA's own end, ${isoFromInstant(end)}`)
}

const refused = (because: string): SignerFailure => ({ kind: 'refused', because })
