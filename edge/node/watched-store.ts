import type { Instant } from '#shared/time.ts'
import { nodeSourceFetch } from './source-fetch.ts'
import { runtimeClock } from '../ports.ts'
import type { BucketObjects } from '../trust-stores/buckets/bucket-objects.ts'
import { readWebhook } from '../trust-stores/findings/webhook.ts'
import { readUnusedAfter } from '../trust-stores/managed/anchor-use.ts'
import {
  openManagedTrustStore,
  type ManagedTrustStore,
  type ManagedTrustStoreOptions,
} from '../trust-stores/managed/managed-trust-store.ts'
import {
  lookEveryMs,
  watchTrustStore,
  type WatchedTrustStore,
} from '../trust-stores/managed/watched-trust-store.ts'
import { readOpenHosts } from '../trust-stores/sources/address.ts'
import { webPost } from '../trust-stores/sources/web-fetch.ts'

/** What the control plane's worker has as variables and secrets, and the one on Node too. */
export interface WatchVariables {
  /** Hosts that sources may name although they are private, or their port is none of the web's. */
  readonly SOURCES_OPEN_HOSTS?: string | undefined
  /** For so long nobody may come in by an anchor; 30d unless given. */
  readonly ANCHOR_UNUSED_AFTER?: string | undefined
  /** Secrets: where findings are sent, and what signs them. */
  readonly FINDINGS_WEBHOOK?: string | undefined
  readonly FINDINGS_WEBHOOK_SECRET?: string | undefined
}

/** A managed trust store that is looked after by itself, as a Durable Object's alarm does. */
export interface NodeStore extends ManagedTrustStore, Omit<WatchedTrustStore, 'tick'> {
  /** No more is begun; what is under way may still write. */
  readonly stop: () => void
}

export interface NodeStoreOptions extends ManagedTrustStoreOptions {
  readonly name: string
  readonly variables: WatchVariables
  /** What sources of buckets are asked of; undefined where there are none. */
  readonly buckets?: BucketObjects | undefined
}

/** Changes come in bursts: what they made is looked at once. */
const settleMs = 5000

/** Opens a store of a database and looks after it from now on. */
export function openNodeStore({
  name,
  variables,
  buckets,
  ...stored
}: NodeStoreOptions): NodeStore {
  const store = openManagedTrustStore(stored)
  const openHosts = readOpenHosts(variables.SOURCES_OPEN_HOSTS)
  const { FINDINGS_WEBHOOK: address, FINDINGS_WEBHOOK_SECRET: secret } = variables
  const watched = watchTrustStore({
    ...stored,
    store,
    chance: Math.random,
    unusedAfterMs: readUnusedAfter(variables.ANCHOR_UNUSED_AFTER, (line) => console.error(line)),
    ports: { fetch: nodeSourceFetch(openHosts), openHosts, buckets },
    alarms: {
      store: name,
      log: (line) => console.warn(line),
      webhook: readWebhook(address, secret, openHosts),
      post: webPost,
    },
  })
  const waking = createWaking(name, () => watched.tick())
  if (store.head() !== undefined) waking.soon()
  return {
    ...store,
    ...watched,
    change: (...asked) => store.change(...asked).finally(waking.soon),
    addSource(...asked) {
      waking.soon()
      return watched.addSource(...asked)
    },
    discoverSources: (by) => watched.discoverSources(by).finally(waking.soon),
    askSource: (id) => watched.askSource(id).finally(waking.soon),
    stop: waking.stop,
  }
}

interface Waking {
  readonly soon: () => void
  readonly stop: () => void
}

/** Calls `tick` in a while, and then whenever it says; a call that fails is told and made again. */
function createWaking(name: string, tick: () => Promise<Instant | undefined>): Waking {
  let timer: NodeJS.Timeout | undefined
  let setFor = Number.POSITIVE_INFINITY
  let isStopped = false
  const wakeAt = (at: number): void => {
    // What is set for sooner stays.
    if (isStopped || setFor <= at) return
    clearTimeout(timer)
    setFor = at
    timer = setTimeout(() => void wake(), Math.max(0, at - runtimeClock.now())).unref()
  }
  const wake = async (): Promise<void> => {
    setFor = Number.POSITIVE_INFINITY
    try {
      const next = await tick()
      if (next !== undefined) wakeAt(next)
    } catch (error) {
      console.error(`the trust store ${name} could not be looked at: ${String(error)}`)
      wakeAt(runtimeClock.now() + lookEveryMs)
    }
  }
  return {
    soon: () => wakeAt(runtimeClock.now() + settleMs),
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
