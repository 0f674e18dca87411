import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { AuthenticatedCrls } from './authenticated-crls.ts'
import type { CrlFacts } from './crl.ts'
import { freshnessAt, strictFreshness, type Freshness, type FreshnessPolicy } from './freshness.ts'
import { listsInForce } from './status.ts'

/** How an issuer's lists stand at an instant: one row for each scope that they are divided into. */
export interface IssuerFreshness {
  /** DER of the issuer's Name. */
  readonly issuer: Bytes
  /**
   * `fresh` through nextUpdate, `grace` as long after it as the policy says, `stale` after that,
   * `absent` where no list of the issuer's has begun. What is made of each, `FreshnessPolicy` says.
   */
  readonly freshness: Freshness | 'absent'
  readonly list: ListFacts | undefined
}

/** What is told of a list beside its freshness. */
export interface ListFacts {
  readonly thisUpdate: Instant
  /** The later one of the list's own and of its newest delta's. */
  readonly nextUpdate: Instant
  readonly number: bigint | undefined
  readonly entries: number
  /** DER of the issuingDistributionPoint's value; undefined where it covers everything. */
  readonly scope: Bytes | undefined
}

/**
 * How the lists of every CA of a store stand, by what its keys have signed: a forged list is none.
 * Rows are in the order of the store, anchors first; one name with several keys is one issuer.
 *
 * @param policy whose `graceMs` counts
 */
export async function freshnessOfIssuers(
  store: TrustStore,
  crls: AuthenticatedCrls,
  at: Instant,
  policy: Pick<FreshnessPolicy, 'graceMs'> = strictFreshness,
): Promise<readonly IssuerFreshness[]> {
  const rows: IssuerFreshness[] = []
  for (const [issuer, ...namesakes] of casByName(store)) {
    const signed = new Set<CrlFacts>()
    for (const ca of [issuer, ...namesakes]) {
      for (const crl of (await crls.of(store, ca)).crls) signed.add(crl)
    }
    rows.push(...rowsOf(issuer.subject, [...signed], at, policy))
  }
  return rows
}

type Cas = readonly [Certificate, ...Certificate[]]

/** The CAs of a store, those of one name together. */
function casByName({ anchorsBySubject, intermediatesBySubject }: TrustStore): readonly Cas[] {
  const keys = new Set([...anchorsBySubject.keys(), ...intermediatesBySubject.keys()])
  return [...keys].flatMap((key): Cas[] => {
    const anchors = (anchorsBySubject.get(key) ?? []).map(({ certificate }) => certificate)
    const [first, ...rest] = [...anchors, ...(intermediatesBySubject.get(key) ?? [])]
    return first === undefined ? [] : [[first, ...rest]]
  })
}

function rowsOf(
  issuer: Bytes,
  crls: readonly CrlFacts[],
  at: Instant,
  { graceMs }: Pick<FreshnessPolicy, 'graceMs'>,
): readonly IssuerFreshness[] {
  const inForce = listsInForce(crls, at)
  if (inForce.length === 0) return [{ issuer, freshness: 'absent', list: undefined }]
  return inForce.map(({ crl, nextUpdate }) => ({
    issuer,
    freshness: freshnessAt(nextUpdate, at, graceMs),
    list: {
      thisUpdate: crl.thisUpdate,
      nextUpdate,
      number: crl.number,
      entries: crl.entries,
      scope: crl.scope?.der,
    },
  }))
}
