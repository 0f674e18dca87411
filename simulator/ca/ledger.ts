import type { Instant } from '#shared/time.ts'

/** One certificate as the world that issued it knows it. Serial: upper-case hexadecimal, whole bytes. */
export interface LedgerCertificate {
  readonly serial: string
  /** Which issuing CA signed it, by name. */
  readonly issuer: string
  readonly device: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  readonly issuedAt: Instant
}

export interface LedgerRevocation {
  readonly serial: string
  readonly revokedAt: Instant
  readonly reason: string
  /** When a CRL that names it first lay in the trust store's bucket; undefined until then. */
  readonly publishedAt: Instant | undefined
}

/**
 * What truly happened, written by the world as it happens: the only source of the oracle's truth.
 * Nothing here comes from the verification core.
 */
export class Ledger {
  readonly #certificates = new Map<string, LedgerCertificate>()
  readonly #revocations = new Map<string, LedgerRevocation>()

  recordIssued(certificate: LedgerCertificate): void {
    if (this.#certificates.has(certificate.serial)) {
      throw new Error(`the ledger already holds serial ${certificate.serial}`)
    }
    this.#certificates.set(certificate.serial, certificate)
  }

  recordRevoked(serial: string, revokedAt: Instant, reason: string): void {
    if (!this.#certificates.has(serial)) throw new Error(`the ledger never issued serial ${serial}`)
    if (this.#revocations.has(serial)) return
    this.#revocations.set(serial, { serial, revokedAt, reason, publishedAt: undefined })
  }

  /** Every revocation up to now is in the CRL that was just written to the bucket. */
  recordPublished(issuer: string, publishedAt: Instant): void {
    for (const revocation of this.#revocations.values()) {
      const certificate = this.#certificates.get(revocation.serial)
      if (certificate?.issuer !== issuer || revocation.publishedAt !== undefined) continue
      this.#revocations.set(revocation.serial, { ...revocation, publishedAt })
    }
  }

  certificate(serial: string): LedgerCertificate | undefined {
    return this.#certificates.get(serial)
  }

  revocation(serial: string): LedgerRevocation | undefined {
    return this.#revocations.get(serial)
  }

  revocations(): readonly LedgerRevocation[] {
    return [...this.#revocations.values()]
  }

  get issuedCount(): number {
    return this.#certificates.size
  }
}
