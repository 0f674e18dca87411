import { unusedAfterMs } from '#edge/trust-stores/managed/anchor-use.ts'
import type { AlarmOptions } from '#edge/trust-stores/findings/alarms.ts'
import { defaultStoreLimits, type ListEntry } from '#edge/trust-stores/managed/document.ts'
import {
  openManagedTrustStore,
  type ManagedTrustStore,
} from '#edge/trust-stores/managed/managed-trust-store.ts'
import type { Sql } from '#edge/sqlite/sql.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { memoryObjects, storeObject, type Objects } from '#edge/trust-stores/managed/objects.ts'
import {
  watchTrustStore,
  type WatchedTrustStore,
} from '#edge/trust-stores/managed/watched-trust-store.ts'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { ok } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createPki, setClock, type Pki, type SetClock } from '../../stage.ts'
import { createPublisher, type Publisher } from './publisher.ts'

/** A watched trust store of one hierarchy, and the publisher of its lists, all by one clock. */
export interface WatchedStage {
  readonly pki: Pki
  readonly clock: SetClock
  readonly objects: Objects
  /** Where files are stored. */
  readonly bucket: { isAway: boolean }
  /** Set, the process ends before what came of asking a source is written. */
  readonly crash: { isNear: boolean }
  readonly store: ManagedTrustStore
  readonly watched: WatchedTrustStore
  readonly publisher: Publisher
  /** Log lines, parsed. */
  readonly logged: Record<string, unknown>[]
  /** The next list of the root, and of the CA below it. */
  lists(nextUpdateMs: number): Promise<{ readonly root: Bytes; readonly issuing: Bytes }>
  /** Adds lists by hand. */
  add(...lists: readonly Bytes[]): Promise<string>
  /** By CRL numbers. */
  inForce(): Promise<readonly ListEntry[]>
  /** Lets the clock run to the next tick, and does it. */
  tick(): Promise<void>
}

export async function createWatched(
  alarms: Partial<AlarmOptions> = {},
  limits = defaultStoreLimits,
): Promise<WatchedStage> {
  const pki = await createPki()
  const clock = setClock()
  const bucket = { isAway: false }
  const kept = memoryObjects()
  const objects: Objects = {
    get: (name) => kept.get(name),
    async put(name, octets) {
      if (bucket.isAway) throw new Error('R2 is away')
      await kept.put(name, octets)
    },
  }
  const publisher = createPublisher()
  const logged: Record<string, unknown>[] = []
  const crash = { isNear: false }
  const database = nodeSql(':memory:')
  const sql: Sql = {
    transaction: (work) => database.transaction(work),
    all(statement, ...bindings) {
      if (crash.isNear && statement.startsWith('UPDATE sources')) throw new Error('the end')
      return database.all(statement, ...bindings)
    },
  }
  const stored = { sql, objects, clock, limits }
  const store = openManagedTrustStore({ ...stored, verifier: createWebCryptoVerifier() })
  const watched = watchTrustStore({
    ...stored,
    store,
    chance: () => 0,
    unusedAfterMs,
    ports: { fetch: publisher.fetch, buckets: undefined, openHosts: [] },
    alarms: {
      store: 'cars',
      log: (line) => logged.push(JSON.parse(line) as Record<string, unknown>),
      webhook: ok(undefined),
      post: async () => new Response(),
      ...alarms,
    },
  })
  const file = (octets: Bytes): Promise<string> => storeObject(objects, octets)
  const { anchorsPem, intermediatesPem } = pki.authority
  await store.change({ kind: 'replace_bundle', file: await file(toUtf8(anchorsPem)) }, 'alice')
  const intermediates = await file(toUtf8(intermediatesPem))
  await store.change({ kind: 'replace_intermediates', file: intermediates }, 'alice')
  let next: Instant | undefined
  return {
    pki,
    clock,
    objects,
    bucket,
    crash,
    store,
    watched,
    publisher,
    logged,
    async lists(nextUpdateMs) {
      const [root, issuing] = await pki.authority.crls(clock.now(), nextUpdateMs)
      if (root === undefined || issuing === undefined) throw new Error('expected two lists')
      return { root: root.der, issuing: issuing.der }
    },
    async add(...lists) {
      const offered = await Promise.all(
        lists.map(async (each) => ({ file: await file(each), source: 'upload' })),
      )
      const made = await store.change({ kind: 'add_lists', lists: offered }, 'alice')
      return made.ok ? `epoch ${made.value.epoch}` : made.error.code
    },
    async inForce() {
      const lists = (await store.document())?.lists ?? []
      return lists.filter(({ supersededBy }) => supersededBy === undefined)
    },
    async tick() {
      if (next !== undefined && next > clock.now()) clock.set(next)
      next = await watched.tick()
    },
  }
}
