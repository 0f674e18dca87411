import { checkProfile } from './check.ts'
import { keepsCrlProfile } from './crl.ts'
import { tolerant, type Profile } from './profile.ts'

/** The profiles that a configuration may name. */
export const profiles = {
  tolerant,
  /** What a verifier can ask of CAs that know RFC 5280. */
  rfc5280: profileOf('rfc5280'),
  /** Every MUST on a CA, which many public ones break: to audit one, and not to open a door. */
  conforming: profileOf('conforming'),
} as const satisfies Readonly<Record<string, Profile>>

export type ProfileName = keyof typeof profiles

function profileOf(name: 'rfc5280' | 'conforming'): Profile {
  return {
    name,
    checkCertificate: (certificate, at, role) => checkProfile(certificate, at, role, name),
    keepsCrl: (crl) => keepsCrlProfile(crl, name),
  }
}
