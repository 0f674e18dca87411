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

/** One list as it was published: it clears until its nextUpdate. */
export interface LedgerList {
  readonly publishedAt: Instant
  readonly nextUpdate: Instant
}

/** One certificate of an issuing CA: a CA may have several, of one name and key. */
export interface LedgerAuthority {
  readonly issuer: string
  readonly root: string
  readonly notAfter: Instant
  /** Devices that get their certificate from here on present it; undefined: it is never presented. */
  readonly presentedFrom: Instant | undefined
  /** From when on it lies in the trust store; undefined: never. */
  readonly storedFrom: Instant | undefined
}

/** A root while it is an anchor: from `from`, and up to but not including `until`. */
export interface LedgerAnchor {
  readonly root: string
  readonly from: Instant
  readonly until: Instant | undefined
}

/** An edge within its staleness bound may hold an older one; so many are never published in that time. */
const listsKept = 16

/**
 * What truly happened, written by the world as it happens: the only source of the oracle's truth.
 * Nothing here comes from the verification core.
 */
export class Ledger {
  readonly #certificates = new Map<string, LedgerCertificate>()
  readonly #revocations = new Map<string, LedgerRevocation>()
  readonly #authorities: LedgerAuthority[] = []
  readonly #anchors: LedgerAnchor[] = []
  readonly #lists = new Map<string, LedgerList[]>()

  recordIssued(certificate: LedgerCertificate): void {
    if (this.#certificates.has(certificate.serial)) {
      throw new Error(`the ledger already holds serial ${certificate.serial}`)
    }
    this.#certificates.set(certificate.serial, certificate)
  }

  /** Only where authorities change in a run: without them nothing is said of who is trusted when. */
  recordAuthority(authority: LedgerAuthority): void {
    this.#authorities.push(authority)
  }

  recordAnchored(root: string, from: Instant): void {
    this.#anchors.push({ root, from, until: undefined })
  }

  recordUnanchored(root: string, until: Instant): void {
    const index = this.#anchors.findIndex((anchor) => anchor.root === root)
    const anchor = this.#anchors[index]
    if (anchor === undefined) throw new Error(`the ledger knows no anchor ${root}`)
    this.#anchors[index] = { ...anchor, until }
  }

  authorities(issuer: string): readonly LedgerAuthority[] {
    return this.#authorities.filter((authority) => authority.issuer === issuer)
  }

  anchors(): readonly LedgerAnchor[] {
    return this.#anchors
  }

  recordRevoked(serial: string, revokedAt: Instant, reason: string): void {
    if (!this.#certificates.has(serial)) throw new Error(`the ledger never issued serial ${serial}`)
    if (this.#revocations.has(serial)) return
    this.#revocations.set(serial, { serial, revokedAt, reason, publishedAt: undefined })
  }

  /**
   * Every revocation up to now is in the CRL that was just written to the bucket.
   *
   * @param nextUpdate when the list ends; without it nothing is said of how fresh lists are
   */
  recordPublished(issuer: string, publishedAt: Instant, nextUpdate?: Instant): void {
    if (nextUpdate !== undefined) {
      const lists = this.#lists.get(issuer) ?? []
      this.#lists.set(issuer, [...lists.slice(1 - listsKept), { publishedAt, nextUpdate }])
    }
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

  /** The last lists of an issuer, the latest last. */
  lists(issuer: string): readonly LedgerList[] {
    return this.#lists.get(issuer) ?? []
  }

  revocations(): readonly LedgerRevocation[] {
    return [...this.#revocations.values()]
  }

  get issuedCount(): number {
    return this.#certificates.size
  }
}
