import type { ControlPlane } from '#edge/control/control-plane.ts'
import { openDirectory } from '#edge/control/directory.ts'
import type { ApiToken, Scope } from '#edge/control/tokens.ts'
import { defaultStoreLimits } from '#edge/trust-stores/managed/document.ts'
import {
  openManagedTrustStore,
  type ManagedTrustStore,
} from '#edge/trust-stores/managed/managed-trust-store.ts'
import { nodeSql } from '#edge/trust-stores/managed/node-sql.ts'
import { memoryObjects } from '#edge/trust-stores/managed/objects.ts'
import { toHex, toUtf8 } from '#shared/bytes.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { setClock, type SetClock } from '../stage.ts'

/** A control plane in memory, on a clock that a test sets. */
export interface MemoryPlane extends ControlPlane {
  readonly clock: SetClock
}

export function memoryPlane(): MemoryPlane {
  const clock = setClock()
  const objects = memoryObjects()
  const verifier = createWebCryptoVerifier()
  const stores = new Map<string, ManagedTrustStore>()
  let drawn = 0
  const directory = openDirectory({
    sql: nodeSql(':memory:'),
    clock,
    random: (count) => new Uint8Array(count).fill((drawn += 1)),
    storesMax: 3,
  })
  const store = (name: string): ManagedTrustStore => {
    const sql = nodeSql(':memory:')
    const limits = defaultStoreLimits
    const opened =
      stores.get(name) ?? openManagedTrustStore({ sql, objects, limits, clock, verifier })
    stores.set(name, opened)
    return opened
  }
  return {
    clock,
    objects,
    directory: {
      add: async (name) => directory.add(name),
      byName: async (name) => directory.byName(name),
      list: async () => directory.list(),
      remove: async (name) => directory.remove(name),
    },
    store: (name) => ({
      head: async () => store(name).head(),
      document: (epoch) => store(name).document(epoch),
      change: (change, by) => store(name).change(change, by),
      audit: async (page) => store(name).audit(page),
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
