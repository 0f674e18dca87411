import type { Certificate } from '#shared/x509/certificate.ts'
import type { CertificationRequest } from '#shared/x509/request.ts'
import type { CertificateFacts } from '../certificate/certificate-facts.ts'
import type { Finding } from '../finding.ts'
import type { DeviceProfile, Family } from '../profile.ts'
import { subjectOf, type Subject } from '../subject.ts'
import { checkIdevidCertificate, checkIdevidSubject } from './idevid.ts'
import { checkMatterCertificate, checkMatterChain, checkMatterIds } from './matter.ts'
import { checkOcppChain, checkOcppRequest, checkOrganization } from './ocpp.ts'
import { checkSvidCertificate, checkSvidChain, checkSvidRequest } from './svid.ts'

type CheckRequest = (
  request: CertificationRequest,
  subject: Subject,
  profile: DeviceProfile,
) => readonly Finding[]

const none: CheckRequest = () => []

/** What each family asks of a request beyond what every profile asks. */
const ofRequests = {
  alb: none,
  idevid: (_, subject) => checkIdevidSubject(subject),
  svid: (_, subject, { names }) => checkSvidRequest(subject, names),
  ocpp: checkOcppRequest,
  matter: (_, subject) => checkMatterIds(subject, 'device'),
} as const satisfies Record<Family, CheckRequest>

/** Every check of a profile's own families of a request. */
export function checkFamiliesOfRequest(
  request: CertificationRequest,
  subject: Subject,
  profile: DeviceProfile,
): readonly Finding[] {
  return profile.families.flatMap((family) => ofRequests[family](request, subject, profile))
}

type CheckCertificate = (facts: CertificateFacts) => readonly Finding[]

const nothing: CheckCertificate = () => []

/** What each family asks of one certificate. */
const ofCertificates = {
  alb: nothing,
  idevid: (facts) => (facts.role === 'leaf' ? checkIdevidCertificate(facts) : []),
  svid: checkSvidCertificate,
  ocpp: ({ role, subject, profile }) =>
    role === 'leaf' ? checkOrganization(subject, profile) : [],
  matter: checkMatterCertificate,
} as const satisfies Record<Family, CheckCertificate>

/** Every check of a profile's own families of one certificate. */
export function checkFamiliesOfCertificate(facts: CertificateFacts): readonly Finding[] {
  return facts.profile.families.flatMap((family) => ofCertificates[family](facts))
}

/** Every check of a profile's own families of a chain as a whole: leaf first. */
export function checkFamiliesOfChain(
  certificates: readonly Certificate[],
  profile: DeviceProfile,
): readonly Finding[] {
  const subjects = certificates.map(({ subject, extensions }, at) =>
    subjectOf(`chain[${at}]`, subject, extensions.subjectAltNames),
  )
  return profile.families.flatMap((family) => {
    if (family === 'ocpp') return checkOcppChain(certificates.map(({ der }) => der.length))
    if (family === 'svid') return checkSvidChain(subjects)
    if (family === 'matter') return checkMatterChain(subjects)
    return []
  })
}
