import { createBoundedMap } from '#shared/bounded-map.ts'
import { equalBytes, tailOf, type Bytes } from '#shared/bytes.ts'
import type { DeviceIdentity } from '#shared/identity/device-identity.ts'
import type { VerifiedPath } from './candidate-path.ts'
import { isUnder, keptTerms, type KeptTerms, type Terms } from './terms.ts'

/** What was presented: leaf and intermediates as DER. */
interface PresentedChain {
  readonly leaf: Bytes
  readonly intermediates: readonly Bytes[]
}

/** A path that was verified before, whose it is, and the octets that it was presented as, which are ours. */
export interface KnownPath extends PresentedChain {
  readonly path: VerifiedPath
  readonly identity: DeviceIdentity
}

/** Paths by what was presented. Their validity and revocation are to be decided anew at every use. */
export interface PathCache {
  find(presented: PresentedChain, terms: Terms): KnownPath | undefined
  /** @param known of octets that nobody else can write to: they are what is compared with */
  keep(known: KnownPath, terms: Terms): void
}

interface Entry extends KnownPath {
  readonly terms: KeptTerms
}

/**
 * Devices that one isolate talks to within some minutes: 4,000 paths of P-256 certificates take some
 * 12 MB, a tenth of a Worker's 128 MB. Octets: of RSA ones, and of presentations of the largest size
 * that the limits let through, as many as take no more than that.
 */
const bounds = { countMax: 4000, weightMax: 8 * 1024 * 1024 }

/**
 * A memo of path building and of those checks that time does not change (RFC 5280 6.1 but for
 * validity and revocation): they are functions of the presented octets, the anchors and intermediates
 * of the store (its trust hash stands for their octets), its limits, the policy and the verifier. All
 * of these have to be the same, octet by octet what was presented, or the path is built anew.
 *
 * Why it turns no refusal into an acceptance: a found path is taken only while it stands now, which
 * `verify` asks on every request, and a search without the cache would have found it as well: what
 * that tries before costs the same budget whatever the time is, so it comes as far as this path, or
 * takes another one that stands. Where the path does not stand, the whole search is made.
 */
export function createPathCache(): PathCache {
  const kept = createBoundedMap<number, Entry>(bounds)
  return {
    find(presented, terms) {
      const entry = kept.get(tailOf(presented.leaf))
      return entry !== undefined && isUnder(entry.terms, terms) && isOf(entry, presented)
        ? entry
        : undefined
    },
    keep(known, terms) {
      kept.set(tailOf(known.leaf), { ...known, terms: keptTerms(terms) }, octetsOf(known))
    },
  }
}

/** The same certificates in the same order, never fewer: each was there for the search to choose from. */
function isOf(entry: Entry, { leaf, intermediates }: PresentedChain): boolean {
  return (
    intermediates.length === entry.intermediates.length &&
    equalBytes(entry.leaf, leaf) &&
    entry.intermediates.every((der, at) => equalBytes(der, intermediates[at] ?? noOctets))
  )
}

const noOctets = new Uint8Array(0)

function octetsOf({ leaf, intermediates }: PresentedChain): number {
  return intermediates.reduce((total, der) => total + der.length, leaf.length)
}
