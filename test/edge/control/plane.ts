import { unusedAfterMs } from '#edge/trust-stores/managed/anchor-use.ts'
import type { ControlPlane, RemoteStore } from '#edge/control/control-plane.ts'
import { openDirectory } from '#edge/control/directory.ts'
import type { ApiToken, Scope } from '#edge/control/tokens.ts'
import { defaultStoreLimits } from '#edge/trust-stores/managed/document.ts'
import {
  openManagedTrustStore,
  type ManagedTrustStore,
} from '#edge/trust-stores/managed/managed-trust-store.ts'
import {
  watchTrustStore,
  type WatchedTrustStore,
} from '#edge/trust-stores/managed/watched-trust-store.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import type { Sql } from '#edge/sqlite/sql.ts'
import { memoryObjects } from '#edge/trust-stores/managed/objects.ts'
import { toHex, toUtf8 } from '#shared/bytes.ts'
import { ok } from '#shared/result.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { setClock, type SetClock } from '../stage.ts'

interface MemoryStore {
  readonly store: ManagedTrustStore
  readonly watched: WatchedTrustStore
}

/** A control plane in memory, on a clock that a test sets. */
export interface MemoryPlane extends ControlPlane {
  readonly clock: SetClock
  /** What sources answer, by their address. */
  readonly published: Map<string, Response>
}

/** @param sqlOf the database of the directory (`''`) or of a store by its name, called once for each */
export function memoryPlane(sqlOf: (name: string) => Sql = () => nodeSql(':memory:')): MemoryPlane {
  const clock = setClock()
  const objects = memoryObjects()
  const verifier = createWebCryptoVerifier()
  const published = new Map<string, Response>()
  const stores = new Map<string, MemoryStore>()
  let drawn = 0
  const directory = openDirectory({
    sql: sqlOf(''),
    clock,
    random: (count) => new Uint8Array(count).fill((drawn += 1)),
    storesMax: 3,
  })
  const open = (name: string): MemoryStore => {
    const stored = { sql: sqlOf(name), objects, limits: defaultStoreLimits, clock }
    const store = openManagedTrustStore({ ...stored, verifier })
    const ports = {
      fetch: async ({ href }: URL) =>
        published.get(href)?.clone() ?? new Response(null, { status: 404 }),
      buckets: undefined,
      openHosts: [],
    }
    const alarms = {
      store: name,
      log: () => undefined,
      webhook: ok(undefined),
      post: async () => new Response(),
    }
    const watching = { ports, chance: () => 0, alarms, unusedAfterMs }
    return { store, watched: watchTrustStore({ ...stored, store, ...watching }) }
  }
  const opened = (name: string): MemoryStore => {
    const it = stores.get(name) ?? open(name)
    stores.set(name, it)
    return it
  }
  const store = (name: string): ManagedTrustStore => opened(name).store
  const watched = (name: string): Omit<RemoteStore, keyof ManagedTrustStore> => ({
    sources: async () => opened(name).watched.sources(),
    addSource: async (wanted, by) => opened(name).watched.addSource(wanted, by),
    removeSource: async (id, by) => opened(name).watched.removeSource(id, by),
    discoverSources: (by) => opened(name).watched.discoverSources(by),
    askSource: (id) => opened(name).watched.askSource(id),
    noteAnchors: async (ids) => opened(name).watched.noteAnchors(ids),
    anchors: () => opened(name).watched.anchors(),
    findings: () => opened(name).watched.findings(),
  })
  return {
    clock,
    objects,
    published,
    directory: {
      add: async (name, max) => directory.add(name, max),
      byName: async (name) => directory.byName(name),
      list: async () => directory.list(),
      remove: async (name) => directory.remove(name),
      addListener: async (listener) => directory.addListener(listener),
      listeners: async () => directory.listeners(),
      changeListener: async (id, change) => directory.changeListener(id, change),
      removeListener: async (id) => directory.removeListener(id),
      settings: async (name) => directory.settings(name),
      tags: async (id) => directory.tags(id),
      addTags: async (id, tags) => directory.addTags(id, tags),
      removeTags: async (id, keys) => directory.removeTags(id, keys),
      useSignature: async (signature, until) => directory.useSignature(signature, until),
    },
    store: (name) => ({
      head: async () => store(name).head(),
      document: (epoch) => store(name).document(epoch),
      change: (change, by, limits) => store(name).change(change, by, limits),
      audit: async (page) => store(name).audit(page),
      ...watched(name),
    }),
  }
}

/** An entry of `API_TOKENS` for a token. */
export async function apiToken(
  name: string,
  token: string,
  scopes: readonly Scope[],
  stores?: readonly string[],
): Promise<ApiToken> {
  const digest = await crypto.subtle.digest('SHA-256', toUtf8(token))
  return { name, sha256: toHex(new Uint8Array(digest)), scopes, stores }
}
