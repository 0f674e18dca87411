import { isoFromInstant, shift } from '#shared/time.ts'
import { formatDuration } from '#shared/duration.ts'
import { albSerial } from '#shared/wire/serial.ts'
import { signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { algorithmName } from '../algorithm-name.ts'
import { finding } from '../catalogue.ts'
import type { Finding } from '../finding.ts'
import type { CertificateFacts } from './certificate-facts.ts'

/** The checks of what stands outside of extensions (RFC 5280 4.1). */
export function checkFields(facts: CertificateFacts): readonly Finding[] {
  return [
    ...checkVersion(facts),
    ...checkSerial(facts),
    ...checkAlgorithm(facts),
    ...checkPeriod(facts),
    ...(facts.role === 'leaf' ? checkLifetime(facts) : []),
  ]
}

/** RFC 5280 4.1.2.1. */
function checkVersion({ path, certificate: { version } }: CertificateFacts): readonly Finding[] {
  if (version === 3) return []
  return [finding('cert.version', `${path}.version`, `version ${version}`, 'version 3')]
}

/** CA/Browser Forum BR 7.1: 64 bits of chance take eight octets. */
const serialOctetsMin = 8
const serialOctetsMax = 20

/** RFC 5280 4.1.2.2; each is one certificate of its issuer, so that a guess must not find the next. */
function checkSerial({ path, certificate: { serial } }: CertificateFacts): readonly Finding[] {
  const where = `${path}.serialNumber`
  const isNegative = (serial[0] ?? 0) >= 0x80
  const isZero = serial.every((octet) => octet === 0)
  if (isNegative || isZero) {
    return [finding('cert.serial', where, albSerial(serial), 'a number above 0')]
  }
  if (serial.length > serialOctetsMax) {
    const found = `${serial.length} octets, sign octet included`
    return [finding('cert.serial', where, found, `at most ${serialOctetsMax}`)]
  }
  if (serial.length >= serialOctetsMin) return []
  const found = `${serial.length} octets`
  return [finding('cert.serialEntropy', where, found, `at least ${serialOctetsMin}`)]
}

/** NIST SP 800-131A 3: collisions of SHA-1 and MD5 are made to order. */
function checkAlgorithm({
  path,
  certificate: { signatureAlgorithm },
}: CertificateFacts): readonly Finding[] {
  if (signatureAlgorithmOf(signatureAlgorithm) !== undefined) return []
  const found = algorithmName(signatureAlgorithm)
  const wanted = 'ECDSA or RSA with SHA-2, or Ed25519'
  return [finding('cert.algorithm', `${path}.signatureAlgorithm`, found, wanted)]
}

/** RFC 5280 4.1.2.5: both ends belong to the period. */
function checkPeriod({ path, certificate, profile, at }: CertificateFacts): readonly Finding[] {
  const { notBefore, notAfter } = certificate.validity
  const [from, until] = [isoFromInstant(notBefore), isoFromInstant(notAfter)]
  if (notAfter < notBefore) {
    return [finding('cert.validity', `${path}.validity`, `${until} before ${from}`, 'an order')]
  }
  const latest = shift(at, profile.validity.skewMs)
  if (notBefore > latest) {
    const wanted = `${isoFromInstant(latest)} at the latest`
    return [finding('cert.notYetValid', `${path}.validity.notBefore`, from, wanted)]
  }
  if (at <= notAfter) return []
  const wanted = `${isoFromInstant(at)} at the earliest`
  return [finding('cert.expired', `${path}.validity.notAfter`, until, wanted)]
}

/** RFC 5280 4.1.2.5: `99991231235959Z`, no well-defined end. */
export const noEnd = '9999-12-31T23:59:59Z'

function checkLifetime({ path, certificate, profile }: CertificateFacts): readonly Finding[] {
  const { notBefore, notAfter } = certificate.validity
  const where = `${path}.validity.notAfter`
  if (isoFromInstant(notAfter) === noEnd) {
    if (profile.validity.noEnd === 'accept') return []
    return [finding('cert.forever', where, 'no end', 'an end, but in factory profiles')]
  }
  const { lifetimeMaxMs } = profile.validity
  const lifetimeMs = notAfter - notBefore
  if (lifetimeMs <= lifetimeMaxMs) return []
  const found = `a life of ${formatDuration(lifetimeMs)}`
  return [finding('cert.validity', where, found, `at most ${formatDuration(lifetimeMaxMs)}`)]
}
