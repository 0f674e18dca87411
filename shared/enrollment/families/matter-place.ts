import type { CertificateFacts } from '../certificate/certificate-facts.ts'

/** Matter Core 6.2.2: a device’s attestation certificate, its product’s intermediate, the authority above. */
export type MatterPlace = 'device' | 'intermediate' | 'authority'

/** By where it stands: a chain has three (Matter Core 6.2.2), the device’s first. */
export function placeOf({ role, path }: Pick<CertificateFacts, 'role' | 'path'>): MatterPlace {
  if (role === 'leaf') return 'device'
  return path === 'chain[1]' ? 'intermediate' : 'authority'
}
