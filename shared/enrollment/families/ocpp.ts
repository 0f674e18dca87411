import type { CertificationRequest } from '#shared/x509/request.ts'
import { finding } from '../catalogue.ts'
import type { Finding } from '../finding.ts'
import type { DeviceProfile } from '../profile.ts'
import { organizationName, textsOf, type Subject } from '../subject.ts'

/** OCPP 2.0.1 part 2: SignCertificateRequest.csr and CertificateSignedRequest.certificateChain, in characters. */
const requestCharactersMax = 5500
const chainCharactersMax = 10_000

/** What OCPP asks of a station's request. */
export function checkOcppRequest(
  request: CertificationRequest,
  subject: Subject,
  profile: DeviceProfile,
): readonly Finding[] {
  const length = pemLength('CERTIFICATE REQUEST', request.der.length)
  const isTooLong = length > requestCharactersMax
  const found = `${length} characters of PEM`
  const wanted = `at most ${requestCharactersMax}`
  return [
    ...(isTooLong ? [finding('ocpp.csrLength', subject.path, found, wanted)] : []),
    ...checkOrganization(subject, profile),
  ]
}

/** OCPP 2.0.1 A00: O is the operator's name, which the CSMS compares with its own. */
export function checkOrganization(
  subject: Subject,
  { names: { organization } }: DeviceProfile,
): readonly Finding[] {
  const path = `${subject.path}.subject.O`
  const [found = 'none', ...more] = textsOf(subject, organizationName)
  const isOne = found !== 'none' && more.length === 0
  if (isOne && (organization === undefined || found === organization)) return []
  return [finding('ocpp.organization', path, found, organization ?? 'the operator’s name, once')]
}

/** OCPP 2.0.1 part 2, CertificateSignedRequest. */
export function checkOcppChain(octets: readonly number[]): readonly Finding[] {
  const length = octets.reduce((total, each) => total + pemLength('CERTIFICATE', each), 0)
  if (length <= chainCharactersMax) return []
  const found = `${length} characters of PEM`
  return [finding('ocpp.chainLength', 'chain', found, `at most ${chainCharactersMax}`)]
}

/** Characters of one block in lines of 64, each with its line feed (RFC 7468 section 2). */
export function pemLength(label: string, octets: number): number {
  const base64 = 4 * Math.ceil(octets / 3)
  const fences = `-----BEGIN ${label}-----\n-----END ${label}-----\n`.length
  return base64 + Math.ceil(base64 / 64) + fences
}
