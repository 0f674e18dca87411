import { fromBase64, type Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import { readCertsOnly } from '#shared/wire/certs-only.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { sha256 } from '../../../onboarding/authorities.ts'
import {
  estPath,
  type Answer,
  type Credential,
  type Operation,
  type Question,
} from '../../../onboarding/door.ts'
import type { WorldKeys } from '../../../onboarding/keys.ts'
import { codeOf } from '../../../onboarding/life.ts'
import { renewalToken } from '../../../onboarding/token.ts'

/** A certificate that a device got, with its key. */
export interface Enrolled extends Credential {
  readonly device: string
}

/** A first certificate by a token. */
export const byToken = (request: Bytes, token: string): Question => ({
  operation: 'simpleenroll',
  request,
  presented: undefined,
  authorization: `Bearer ${token}`,
})

/** By a certificate in the handshake. */
export const byCertificate = (
  operation: Operation,
  request: Bytes,
  presented: Credential,
): Question => ({ operation, request, presented, authorization: undefined })

/** A renewal by a token that an expired certificate's key signed, for the request `proved`. */
export function byProof(
  request: Bytes,
  { keys, der }: Credential,
  { now, proved = request }: { readonly now: Instant; readonly proved?: Bytes },
): Question {
  const url = `https://localhost${estPath}/simplereenroll`
  const token = renewalToken(keys(), der, { url, requestSha256: sha256(proved), now })
  return { ...byToken(request, token), operation: 'simplereenroll' }
}

/** `200`, `202`, or the status and the code of a refusal: `403 key_reuse`. */
export function saidOf(answer: Answer): string {
  const isRefusal = answer.status >= 400
  return isRefusal ? `${answer.status} ${codeOf(answer)}` : String(answer.status)
}

/** The certificates of an EST answer's base64; none where it is something else. */
export function certificatesIn(text: string): readonly Bytes[] {
  const octets = fromBase64(text)
  const read = octets === undefined ? undefined : readCertsOnly(octets)
  return read?.ok === true ? read.value.map((each) => each.slice()) : []
}

/** What a device has after an answer. Throws an Error that tells the answer where it has nothing. */
export function enrolledOf(device: string, answer: Answer, keys: WorldKeys): Enrolled {
  const [der] = answer.status === 200 ? certificatesIn(answer.text) : []
  if (der === undefined) throw new Error(`${device} got no certificate: ${saidOf(answer)}`)
  return { device, der, keys: () => keys }
}

/** SHA-256, hex, of the key that a request is for. Throws an Error where it is no request. */
export function keyOfRequest(der: Bytes): string {
  const parsed = parseCertificationRequest(der)
  if (!parsed.ok) throw new Error(`no certification request: ${parsed.error.expected}`)
  return sha256(parsed.value.spki)
}

/** The code of a problem document (RFC 9457 3), or how the answer is none. */
export function problemCode(body: unknown): string {
  const isProblem = typeof body === 'object' && body !== null && 'code' in body
  return isProblem && typeof body.code === 'string' ? body.code : 'no problem document'
}
