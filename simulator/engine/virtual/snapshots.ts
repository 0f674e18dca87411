import crypto from 'node:crypto'
import {
  createAuthenticatedCrls,
  type AuthenticatedCrls,
} from '#shared/revocation/authenticated-crls.ts'
import { shift, type Instant } from '#shared/time.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import { createRememberingVerifier } from '#shared/x509/remembering-verifier.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { loadSnapshots, type Publication, type Variables } from '#simulator/worker/in-process.ts'
import type { Authority } from '../../ca/authority.ts'
import type { Ledger } from '../../ca/ledger.ts'
import type { PlannedRevocation } from '../../device/plan.ts'
import { playedPlatforms } from '../../front/profiles/by-name.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import { publishedLists, type ListsDue } from './publications.ts'

/** A revocation with the certificate that it fell upon. */
export interface FoundRevocation extends PlannedRevocation {
  readonly serial: string
  readonly issuer: string
}

/** What the edge knows at each instant of a run, whoever asks it and in whatever order. */
export interface TrustTimeline {
  /** Lists that were published, in order. */
  readonly published: readonly ListsDue[]
  /** The snapshot in force at an instant, which a busy edge took when it last was due to ask. */
  readonly storeAt: (at: Instant) => TrustStore
  readonly verifier: SignatureVerifier
  readonly crls: AuthenticatedCrls
  /** Every snapshot of the run, in order. */
  readonly stores: readonly TrustStore[]
}

export interface TrustTimelineOptions extends Publisher {
  readonly scenario: Scenario
  readonly planned: readonly PlannedRevocation[]
  /** Those of `planned` whose certificates are known: no other is ever listed. */
  readonly revocations: readonly FoundRevocation[]
  /** Of the listener that decides. */
  readonly variables: Variables
}

/** Who publishes, and the ledger that it writes into. */
export interface Publisher {
  readonly authority: Authority
  readonly ledger: Ledger
}

/**
 * Publishes every list of a run and loads each as the edge does. A busy edge asks its bucket as soon
 * as it may, every `maxStaleness` from the start on: so what it knows is a function of time alone,
 * and lives may be lived in any order.
 */
export async function createTrustTimeline({
  scenario,
  planned,
  revocations,
  ...of
}: TrustTimelineOptions): Promise<TrustTimeline> {
  const { variables } = of
  const published = publishedLists(scenario, planned)
  const publishedAt = published.map(({ at }) => at)
  const publications = await publishAll(scenario, published, revocations, of)
  const verifier = createRememberingVerifier(createNodeVerifier(crypto))
  const snapshots = await loadSnapshots(publications, variables, verifier)
  const crls = createAuthenticatedCrls(verifier)
  const { time, edge } = scenario
  /** From when on a publication is known: an edge asks at the multiples of `maxStaleness`. */
  const knownFrom = (place: number): number => {
    const afterMs = (publishedAt[place] ?? Number.POSITIVE_INFINITY) - time.start
    return time.start + Math.ceil(afterMs / edge.maxStalenessMs) * edge.maxStalenessMs
  }
  /** What was answered last: lives are lived forwards, so the next question is close to it. */
  let last: { from: number; until: number; store: TrustStore } | undefined
  return {
    published,
    verifier,
    crls,
    stores: snapshots.map(({ store }) => store),
    storeAt(at) {
      if (last !== undefined && at >= last.from && at < last.until) return last.store
      const askedMs = Math.floor((at - time.start) / edge.maxStalenessMs) * edge.maxStalenessMs
      const place = lastNotAfter(publishedAt, time.start + askedMs)
      const store = snapshots[place]?.store
      if (store === undefined) throw new RangeError(`nothing was published before ${at}`)
      last = { from: shift(time.start, askedMs), until: knownFrom(place + 1), store }
      return store
    },
  }
}

/** The place of the last instant that is not after `at`, by halving. */
function lastNotAfter(instants: readonly Instant[], at: number): number {
  let [low, high] = [0, instants.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((instants[middle] ?? Number.POSITIVE_INFINITY) <= at) low = middle + 1
    else high = middle
  }
  return low - 1
}

async function publishAll(
  scenario: Scenario,
  published: readonly ListsDue[],
  revocations: readonly FoundRevocation[],
  { authority, ledger }: Publisher,
): Promise<readonly Publication[]> {
  const inOrder = revocations.toSorted((a, b) => a.at - b.at)
  let revoked = 0
  const publications: Publication[] = []
  const { nextUpdateMs } = scenario.pki.crl
  for (const { at, kind } of published) {
    for (let next = inOrder[revoked]; next !== undefined && next.at <= at;) {
      revoke(next, authority, ledger)
      revoked += 1
      next = inOrder[revoked]
    }
    const lists = await (kind === 'delta'
      ? authority.deltaCrls(at, nextUpdateMs)
      : authority.crls(at, nextUpdateMs))
    const files = lists.map(({ name, der }) => ({ name: `crl/${name}`, octets: der }))
    publications.push({
      at,
      files: publications.length === 0 ? [...trust(scenario, authority), ...files] : files,
    })
  }
  return publications
}

function revoke(found: FoundRevocation, authority: Authority, ledger: Ledger): void {
  const { serial, issuer, device, at, reason } = found
  // The list needs its issuer alone; when it was valid is nobody's question here.
  ledger.recordIssued({ serial, issuer, device, notBefore: at, notAfter: at, issuedAt: at })
  authority.revoke(serial, at, reason)
}

/** Where the platform passes the leaf only, whoever verifies it needs the intermediates at hand. */
function trust(
  { front }: Scenario,
  { anchorsPem, intermediatesPem }: Authority,
): Publication['files'] {
  const text = new TextEncoder()
  const anchors = { name: 'anchors.pem', octets: text.encode(anchorsPem) }
  if (playedPlatforms[front.profile].passes === 'chain') return [anchors]
  return [anchors, { name: 'intermediates.pem', octets: text.encode(intermediatesPem) }]
}
