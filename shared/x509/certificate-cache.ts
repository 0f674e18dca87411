import { equalBytes, tailOf, type Bytes } from '#shared/bytes.ts'
import { createBoundedMap } from '#shared/bounded-map.ts'
import type { Certificate } from './certificate.ts'
import { parseCertificate } from './parse.ts'

/** Certificates that were parsed before. Views of one certificate stay the same at every asking. */
export interface CertificateCache {
  /** The certificate of these octets; undefined where they cannot be read. */
  read(der: Bytes): Certificate | undefined
  /** Keeps one that `read` gave: ask it of those that a verified path consisted of. */
  keep(certificate: Certificate): void
}

/**
 * CAs of the fleets that one isolate meets: a fleet has some tens. Octets: as many certificates of
 * the size that RSA-4096 ones have, a thousandth of a Worker's 128 MB.
 */
const bounds = { countMax: 256, weightMax: 512 * 1024 }

/**
 * Kept by the octets themselves, all of which are compared, and copied first: nobody who holds the
 * presented octets can write to what is kept. Only certificates of verified paths are kept, so that
 * nobody without a certificate of ours can push one out.
 */
export function createCertificateCache(): CertificateCache {
  const kept = createBoundedMap<number, Certificate>(bounds)
  return {
    read(der) {
      const known = kept.get(tailOf(der))
      if (known !== undefined && equalBytes(known.der, der)) return known
      const parsed = parseCertificate(der.slice())
      return parsed.ok ? parsed.value : undefined
    },
    keep(certificate) {
      const place = tailOf(certificate.der)
      if (kept.get(place) === certificate) return
      kept.set(place, certificate, certificate.der.length)
    },
  }
}
