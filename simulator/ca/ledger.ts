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
export interface LedgerList extends Stretch, Term {
  /** The newest delta that lies beside it: from when that has begun, the later of the two ends counts. */
  readonly delta: Term | undefined
}

/** From when to when a list clears. */
interface Term {
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

/**
 * An edge within its staleness bound may hold an older one, and one that nobody asked, or that cannot
 * look, a much older one: so many, hourly deltas among them, are not published in two days.
 */
const listsKept = 64

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
  /** Serials that a complete list has named. */
  readonly #listed = new Set<string>()
  readonly #planned = new Map<string, readonly LedgerList[]>()

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
   * @param kind a delta is laid over the list before it
   */
  recordPublished(
    issuer: string,
    publishedAt: Instant,
    nextUpdate?: Instant,
    kind: 'complete' | 'delta' = 'complete',
  ): void {
    const under = this.#lists.get(issuer)?.at(-1)
    const isOverNothing = kind === 'delta' && under?.takenBackAt !== undefined
    if (nextUpdate !== undefined) {
      const term = { thisUpdate: publishedAt, nextUpdate }
      if (isOverNothing) this.#layOverNothing(issuer, publishedAt, term)
      else if (kind === 'delta' && under !== undefined) {
        this.#addList(issuer, { ...under, delta: term, publishedAt })
      } else {
        this.#addList(issuer, { ...term, delta: undefined, publishedAt, takenBackAt: undefined })
      }
    }
    for (const revocation of this.#revocations.values()) {
      const { serial } = revocation
      if (this.#certificates.get(serial)?.issuer !== issuer) continue
      // A delta names whom the list that it is for does not, and that list is gone.
      if (!(isOverNothing && this.#listed.has(serial))) this.#show(revocation, publishedAt)
      if (kind === 'complete') this.#listed.add(serial)
    }
  }

  /**
   * A delta whose list is out of the bucket by then: whoever has that list lays the one over the other.
   * Whoever has an earlier one has no delta any more that belongs to it. Nobody has to hold either.
   */
  #layOverNothing(issuer: string, publishedAt: Instant, delta: Term): void {
    const lists = this.#lists.get(issuer) ?? []
    const unseen = { publishedAt, takenBackAt: publishedAt }
    const bared = lists.flatMap((list, index) => {
      const isLastOfItsKind = lists[index + 1]?.thisUpdate !== list.thisUpdate
      if (list.delta === undefined || !isLastOfItsKind) return [list]
      return [list, { ...list, delta: undefined, ...unseen }]
    })
    this.#lists.set(issuer, bared.slice(-listsKept))
    const last = lists.at(-1)
    if (last !== undefined) this.#addList(issuer, { ...last, delta, ...unseen })
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

  /** All lists that an issuer will publish in a run, in order, where that is known before anything happens. */
  recordPlanned(issuer: string, lists: readonly LedgerList[]): void {
    this.#planned.set(issuer, lists)
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

  /** The last lists of an issuer, the latest last; of planned ones those about an instant, the next included. */
  lists(issuer: string, at: Instant): readonly LedgerList[] {
    const planned = this.#planned.get(issuer)
    if (planned === undefined) return this.#lists.get(issuer) ?? []
    const next = planned.findLastIndex(({ publishedAt }) => publishedAt <= at) + 1
    return planned.slice(Math.max(0, next - listsKept), next + 1)
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
