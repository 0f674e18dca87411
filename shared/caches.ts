import { createIssuersCache, type IssuersCache } from './path/issuers-cache.ts'
import { createOctetPool, type OctetPool } from './octet-pool.ts'
import { createPathCache, type PathCache } from './path/path-cache.ts'
import { createCertificateCache, type CertificateCache } from './x509/certificate-cache.ts'

/**
 * What an isolate remembers between requests: values, never promises, which Workers tie to the
 * request that made them. Each is a memo of a pure function, bounded in entries and octets; why none
 * turns a refusal into an acceptance stands where it is made. Signatures are remembered by the
 * verifier itself: x509/remembering-verifier.ts.
 */
export interface Caches {
  readonly certificates: CertificateCache
  readonly paths: PathCache
  readonly issuers: IssuersCache
  /** What is kept is copied first: nobody else can write to it. */
  readonly copied: OctetPool
}

/** Empty caches, for one isolate. */
export function createCaches(): Caches {
  return {
    certificates: createCertificateCache(),
    paths: createPathCache(),
    issuers: createIssuersCache(),
    copied: createOctetPool(),
  }
}
