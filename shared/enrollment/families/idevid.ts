import { finding } from '../catalogue.ts'
import type { Finding } from '../finding.ts'
import { serialNumber, textsOf, type Subject } from '../subject.ts'

/** IEEE 802.1AR-2018 8.6: an IDevID's subject has the device's serial number. */
export function checkIdevidSubject(subject: Subject): readonly Finding[] {
  if (textsOf(subject, serialNumber).length === 1) return []
  const count = textsOf(subject, serialNumber).length
  const path = `${subject.path}.subject.serialNumber`
  return [finding('idevid.serialNumber', path, `${count} of them`, 'exactly one')]
}
