import { waitUntil } from 'cloudflare:workers'
import type { Clock } from '#shared/time.ts'
import type { ListenerSettings } from '../../control/listeners.ts'
import type { Listener } from '../../listener.ts'
import type { HeldTrustStore } from '../held-trust-store.ts'
import { createFollowedTrustStore, failStaticMs } from './followed-trust-store.ts'
import type { StoreHead } from './managed-trust-store.ts'
import { objectsPrefix, r2Objects } from './r2-objects.ts'

/** What binds an edge worker to a managed trust store, in place of the files of a bucket. */
export interface FeedBindings {
  readonly TRUST: R2Bucket
  /** Its name in the control plane. */
  readonly TRUST_STORE?: string
  /** The control plane's entrypoint `TrustStoreFeed`, which says what is in force and nothing else. */
  readonly TRUST_STORE_FEED?: {
    head(name: string, used?: readonly string[]): Promise<StoreHead | undefined>
    listener?(name: string): Promise<ListenerSettings | undefined>
  }
}

/** The managed trust store that is bound; undefined where none is, or half of it. */
export function boundTrustStore(
  { TRUST, TRUST_STORE: name, TRUST_STORE_FEED: feed }: FeedBindings,
  { limits, maxStalenessMs }: Pick<Listener, 'limits' | 'maxStalenessMs'>,
  clock: Clock,
): HeldTrustStore | undefined {
  if (name === undefined || feed === undefined) return undefined
  return createFollowedTrustStore({
    head: (used = []) => (used.length === 0 ? feed.head(name) : feed.head(name, used)),
    objects: r2Objects(TRUST, objectsPrefix),
    limits,
    maxStalenessMs,
    failStaticMs,
    clock,
    wait: (ms) => scheduler.wait(ms),
    background: waitUntil,
    report: ({ because }) => console.error(`the trust store ${name} was not taken: ${because}`),
  })
}

/** A name without a feed, or a feed without a name, would quietly be another trust store. */
export function isHalfBound({ TRUST_STORE, TRUST_STORE_FEED }: FeedBindings): boolean {
  return (TRUST_STORE === undefined) !== (TRUST_STORE_FEED === undefined)
}
