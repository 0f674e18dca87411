import { isSelfIssued } from '#shared/path/checks/authority.ts'
import type { ListedExtensions } from '#shared/path/profile/listed-extensions.ts'
import type { Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { DeviceKey } from '../keys/read-key.ts'
import type { DeviceProfile } from '../profile.ts'
import type { Subject } from '../subject.ts'

/** What a certificate is in its chain: a device's, or its issuer's. */
export type Role = 'leaf' | 'authority'

/** One certificate as its checks read it. */
export interface CertificateFacts {
  /** Where it stands: `certificate`, `chain[1]`. */
  readonly path: string
  readonly role: Role
  readonly certificate: Certificate
  readonly listed: ListedExtensions
  readonly subject: Subject
  readonly key: DeviceKey
  readonly profile: DeviceProfile
  /** The instant that validity is asked for. */
  readonly at: Instant
}

/** Whether a certificate names itself as its issuer: it then needs nothing that leads to one. */
export function isRoot({ certificate }: CertificateFacts): boolean {
  return isSelfIssued(certificate)
}
