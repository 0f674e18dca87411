import { isoFromInstant } from '#shared/time.ts'
import { finding } from '../catalogue.ts'
import type { CertificateFacts } from '../certificate/certificate-facts.ts'
import { noEnd } from '../certificate/fields.ts'
import type { Finding } from '../finding.ts'
import { serialNumber, textsOf, type Subject } from '../subject.ts'

/** IEEE 802.1AR-2018 8.6: an IDevID's subject has the device's serial number. */
export function checkIdevidSubject(subject: Subject): readonly Finding[] {
  if (textsOf(subject, serialNumber).length === 1) return []
  const count = textsOf(subject, serialNumber).length
  const path = `${subject.path}.subject.serialNumber`
  return [finding('idevid.serialNumber', path, `${count} of them`, 'exactly one')]
}

/** The same of its certificate, and RFC 8995 2.3: it has no end, since nobody writes it a second time. */
export function checkIdevidCertificate({
  path,
  subject,
  certificate,
}: CertificateFacts): readonly Finding[] {
  const end = isoFromInstant(certificate.validity.notAfter)
  const where = `${path}.validity.notAfter`
  return [
    ...checkIdevidSubject(subject),
    ...(end === noEnd ? [] : [finding('idevid.end', where, end, noEnd)]),
  ]
}
