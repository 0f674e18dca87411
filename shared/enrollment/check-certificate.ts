import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { finding } from './catalogue.ts'
import type { Role } from './certificate/certificate-facts.ts'
import { checkOne, factsOfCertificate } from './certificate/check-one.ts'
import { explainFault } from './explain.ts'
import type { Finding } from './finding.ts'
import { readIdentity } from './identity.ts'
import { checkKeyRecords, type KeyRecords } from './keys/check-key.ts'
import { keySha256Of, type Sha256 } from './keys/key-hash.ts'
import type { DeviceProfile } from './profile.ts'
import { settle } from './settle.ts'

/** What a certificate is held against. */
export interface CertificateWanted extends KeyRecords {
  readonly profile: DeviceProfile
  /** The device that it is for; undefined where any will do. */
  readonly device?: string | undefined
  readonly now: Instant
  /** WebCrypto's by default. */
  readonly sha256?: Sha256 | undefined
}

/** A certificate with everything that is to be objected to. */
export interface CheckedCertificate {
  /** Undefined where the bytes are none: then a finding says why. */
  readonly certificate: Certificate | undefined
  /** SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal; empty without a certificate. */
  readonly keySha256: string
  /** The device's identifier, by the profile's rule. */
  readonly device: string | undefined
  /** The gravest first. */
  readonly findings: readonly Finding[]
}

/** Ten times what any platform passes on. */
const certificateOctetsMax = 128 * 1024

/**
 * Every check of a device's certificate by itself; what its issuer has a part in is `checkChain`'s.
 * Never throws for bad input.
 *
 * @param der X.509 (RFC 5280), without base64
 */
export async function checkCertificate(
  der: Bytes,
  wanted: CertificateWanted,
): Promise<CheckedCertificate> {
  const parsed = readCertificate(der, 'certificate')
  if ('code' in parsed) return unreadable(parsed)
  return checkParsed(parsed, 'certificate', wanted, wanted.now)
}

/** The certificate, or why there is none. */
export function readCertificate(der: Bytes, path: string): Certificate | Finding {
  if (der.length > certificateOctetsMax) {
    const wanted = `at most ${certificateOctetsMax}`
    return finding('der.malformed', path, `${der.length} octets`, wanted)
  }
  const parsed = parseCertificate(der)
  return parsed.ok ? parsed.value : explainFault(path, parsed.error)
}

/**
 * @param at the instant that validity is asked for
 */
export async function checkParsed(
  certificate: Certificate,
  path: string,
  wanted: CertificateWanted,
  at: Instant,
): Promise<CheckedCertificate> {
  const { profile } = wanted
  const facts = factsOfCertificate(certificate, path, leafRole, profile, at)
  const keySha256 = await keySha256Of(certificate, wanted.sha256)
  const identity = readIdentity(facts.subject, profile.identity, wanted.device)
  const device = wanted.device ?? identity.device
  const findings = [
    ...checkOne(facts),
    ...identity.findings,
    ...checkKeyRecords(`${path}.key`, keySha256, device, wanted),
  ]
  return {
    certificate,
    keySha256,
    device: identity.device,
    findings: settle(findings, profile),
  }
}

const leafRole: Role = 'leaf'

function unreadable(only: Finding): CheckedCertificate {
  return { certificate: undefined, keySha256: '', device: undefined, findings: [only] }
}
