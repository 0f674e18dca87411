import { createBoundedMap } from '#shared/bounded-map.ts'
import { equalBytes, tailOf, type Bytes } from '#shared/bytes.ts'
import type { TrustAnchor } from '#shared/trust-store/trust-store.ts'
import { nameKey } from '#shared/x509/name.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { CandidatePath, VerifiedPath } from './candidate-path.ts'
import { isUnder, keptTerms, type KeptTerms, type Terms } from './terms.ts'

/** What issued a leaf whose path was verified: new leaves of the same issuer come all the time. */
export interface IssuersCache {
  /**
   * The path that a search would try first for a leaf, where that is one whose issuers were found
   * right before: of it only the leaf is left to check, and what time changes.
   *
   * @param pool intermediates as presented, parsed
   */
  find(leaf: Certificate, pool: readonly Certificate[], terms: Terms): CandidatePath | undefined
  /**
   * Keeps the issuers of a path.
   *
   * @param pool what was presented with it; nobody else can write to its octets
   * @param pathsSpent how many paths, begun and whole, the search for it has tried
   */
  keep(path: VerifiedPath, pool: readonly Certificate[], pathsSpent: number, terms: Terms): void
}

interface Entry {
  readonly issuers: readonly Certificate[]
  readonly anchor: TrustAnchor
  readonly pool: readonly Certificate[]
  /** Of the leaf that was verified below them. */
  readonly issuer: Bytes
  readonly authorityKeyIdentifier: Bytes | undefined
  readonly terms: KeptTerms
}

/** As many CAs as there are certificates kept (x509/certificate-cache.ts), of the same octets. */
const bounds = { countMax: 256, weightMax: 512 * 1024 }

/**
 * A memo of the start of the search and of all that RFC 5280 6.1 asks of the certificates above a
 * leaf but for time: functions of the presented intermediates, the store (its trust hash), its limits,
 * the policy and the verifier, and of two things that a leaf says, its issuer's name and key
 * identifier. All of these have to be the same, or nothing is found.
 *
 * Why it changes no decision: kept is only what the search came to at its first attempt, by a way
 * that no leaf of the same two words could turn it from. So what is found is what the search would
 * try first; where it fails, the search is made, as if nothing had been tried.
 */
export function createIssuersCache(): IssuersCache {
  const kept = createBoundedMap<number, Entry>(bounds)
  return {
    find(leaf, pool, terms) {
      const entry = kept.get(placeOf(leaf))
      if (entry === undefined || !isUnder(entry.terms, terms)) return undefined
      if (!isFirstFor(leaf, entry) || !isSamePool(pool, entry.pool)) return undefined
      const { issuers, anchor } = entry
      return { certificates: [leaf, ...issuers], anchor, beside: pool }
    },
    keep({ certificates, anchor }, pool, pathsSpent, terms) {
      const [leaf, ...issuers] = certificates
      // One for each issuer and one for the path: there was no detour.
      if (pathsSpent !== certificates.length || bearsKeyOfIssuer(leaf, pool, issuers, terms)) return
      const { issuer, extensions } = leaf
      const { authorityKeyIdentifier } = extensions
      const entry = { issuers, anchor, pool, issuer, authorityKeyIdentifier }
      const weight = [...issuers, ...pool].reduce((total, { der }) => total + der.length, 0)
      kept.set(placeOf(leaf), { ...entry, terms: keptTerms(terms) }, weight)
    },
  }
}

/** Key identifiers are hashes, whose ends differ; names of CAs may all end alike. */
function placeOf({ issuer, extensions }: Certificate): number {
  return tailOf(extensions.authorityKeyIdentifier ?? issuer)
}

/** Names lead the search and key identifiers order it; a leaf that bears its issuer's key is a loop. */
function isFirstFor(leaf: Certificate, entry: Entry): boolean {
  const before = entry.authorityKeyIdentifier
  const now = leaf.extensions.authorityKeyIdentifier
  const isSameKey =
    before !== undefined && now !== undefined ? equalBytes(before, now) : before === now
  if (!isSameKey || !equalBytes(leaf.issuer, entry.issuer)) return false
  return entry.issuers.every(({ spki }) => !equalBytes(spki, leaf.spki))
}

/** The very certificates: `CertificateCache` gives the same ones for the same octets. */
function isSamePool(a: readonly Certificate[], b: readonly Certificate[]): boolean {
  return a.length === b.length && a.every((certificate, at) => certificate === b[at])
}

/** Whether the search may have left out an issuer because this leaf bears its key: for another it would not. */
function bearsKeyOfIssuer(
  leaf: Certificate,
  pool: readonly Certificate[],
  issuers: readonly Certificate[],
  { store }: Terms,
): boolean {
  const stored = [leaf, ...issuers].flatMap(
    ({ issuer }) => store.intermediatesBySubject.get(nameKey(issuer)) ?? [],
  )
  return [...pool, ...stored].some(({ spki }) => equalBytes(spki, leaf.spki))
}
