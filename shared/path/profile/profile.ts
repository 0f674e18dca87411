import { ok, type Result } from '#shared/result.ts'
import type { Crl } from '#shared/revocation/crl.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'

/** Where a certificate stands in a path: its end, between, or above it as its anchor. */
export type Role = 'leaf' | 'issuer' | 'anchor'

/**
 * How much of RFC 5280 sections 4 and 5 is asked of each certificate and CRL by itself. A policy
 * holds its profile, so that a worker brings along the rules of the one it names.
 */
export interface Profile {
  /** Tells the profile in whatever is made of a policy's text. */
  readonly name: string
  checkCertificate(certificate: Certificate, at: PathIndex, role: Role): Result<void, Rejection>
  /** Whether a CRL may clear anybody; one that may not goes on revoking, since its issuer signed it. */
  keepsCrl(crl: Pick<Crl, 'tbs'>): boolean
}

/** Asks no more than every path is asked: what no hierarchy breaks by habit. */
export const tolerant: Profile = {
  name: 'tolerant',
  checkCertificate: () => ok(undefined),
  keepsCrl: () => true,
}
