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
  /** What it is for (RFC 5280 4.2.1.12); to be a client, unless given. */
  readonly purpose?: 'server'
}

export interface LedgerRevocation {
  readonly serial: string
  readonly revokedAt: Instant
  readonly reason: string
  /** When a CRL that names it first lay in the trust store's bucket; undefined until then. */
  readonly publishedAt: Instant | undefined
  /** While CRLs that name it lay there, in order and apart. */
  readonly stretches: readonly Stretch[]
}

/** What lay in the bucket from `publishedAt` on, and up to but not including `takenBackAt`. */
export interface Stretch {
  readonly publishedAt: Instant
  /** When a fault took it out again; undefined while it lies there. */
  readonly takenBackAt: Instant | undefined
}

/** One list as it was published: it clears until its nextUpdate. */
export interface LedgerList extends Stretch {
  readonly thisUpdate: Instant
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
    const unpublished = { publishedAt: undefined, stretches: [] }
    this.#revocations.set(serial, { serial, revokedAt, reason, ...unpublished })
  }

  /**
   * Every revocation up to now is in the CRL that was just written to the bucket.
   *
   * @param nextUpdate when the list ends; without it nothing is said of how fresh lists are
   * @param kind a delta is laid over the list before it: that one begins, and the later of the two ends
   */
  recordPublished(
    issuer: string,
    publishedAt: Instant,
    nextUpdate?: Instant,
    kind: 'complete' | 'delta' = 'complete',
  ): void {
    if (nextUpdate !== undefined) {
      const under = kind === 'delta' ? this.#lists.get(issuer)?.at(-1) : undefined
      const list = {
        thisUpdate: under?.thisUpdate ?? publishedAt,
        nextUpdate: under && under.nextUpdate > nextUpdate ? under.nextUpdate : nextUpdate,
      }
      this.#addList(issuer, { ...list, publishedAt, takenBackAt: undefined })
    }
    for (const revocation of this.#revocations.values()) {
      const certificate = this.#certificates.get(revocation.serial)
      if (certificate?.issuer === issuer) this.#show(revocation, publishedAt)
    }
  }

  /** Every list is out of the bucket from here on: older ones, or none that can be read, lie there. */
  recordTakenBack(takenBackAt: Instant): void {
    for (const revocation of this.#revocations.values()) {
      const stretches = ended(revocation.stretches, takenBackAt)
      this.#revocations.set(revocation.serial, { ...revocation, stretches })
    }
    for (const [issuer, lists] of this.#lists) this.#lists.set(issuer, ended(lists, takenBackAt))
  }

  /** The last lists that were published lie in the bucket again. */
  recordPutBack(publishedAt: Instant): void {
    for (const revocation of this.#revocations.values()) {
      if (revocation.publishedAt !== undefined) this.#show(revocation, publishedAt)
    }
    for (const [issuer, lists] of this.#lists) {
      const last = lists.at(-1)
      if (last?.takenBackAt === undefined) continue
      this.#addList(issuer, { ...last, publishedAt, takenBackAt: undefined })
    }
  }

  #addList(issuer: string, list: LedgerList): void {
    const lists = this.#lists.get(issuer) ?? []
    this.#lists.set(issuer, [...lists.slice(1 - listsKept), list])
  }

  #show(revocation: LedgerRevocation, from: Instant): void {
    const { serial, stretches, publishedAt = from } = revocation
    const last = stretches.at(-1)
    if (last !== undefined && last.takenBackAt === undefined) return
    const shown = [...stretches, { publishedAt: from, takenBackAt: undefined }]
    this.#revocations.set(serial, { ...revocation, publishedAt, stretches: shown })
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

/** What lies in the bucket no longer, from an instant on. */
function ended<Item extends Stretch>(stretches: readonly Item[], takenBackAt: Instant): Item[] {
  return stretches.map((each) => (each.takenBackAt === undefined ? { ...each, takenBackAt } : each))
}
