import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers'
import type { Hono } from 'hono'
import type { Result } from '#shared/result.ts'
import { runtimeClock } from '../ports.ts'
import { TrustStoreObject } from '../trust-stores/managed/durable-object.ts'
import { durableSql } from '../trust-stores/managed/durable-sql.ts'
import type { StoreHead } from '../trust-stores/managed/managed-trust-store.ts'
import { objectsPrefix, r2Objects } from '../trust-stores/managed/r2-objects.ts'
import { createControlApp } from './app.ts'
import type { ControlPlane } from './control-plane.ts'
import {
  openDirectory,
  type Directory,
  type DirectoryRefusal,
  type TrustStoreRow,
} from './directory.ts'
import { readTokens } from './tokens.ts'

export { TrustStoreObject }

/** Bindings of the control plane's `wrangler.toml`. */
export interface ControlBindings {
  readonly TRUST: R2Bucket
  readonly STORES: DurableObjectNamespace<TrustStoreObject>
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>
  /** Secret: who may ask, see `readTokens`. */
  readonly API_TOKENS?: string
}

/** ALB has twenty an account and region, and raises that on request. */
const storesMax = 100

/** The directory as a Durable Object: one for the whole deployment. */
export class DirectoryObject extends DurableObject implements Directory {
  readonly #directory: Directory

  constructor(state: DurableObjectState, env: ControlBindings) {
    super(state, env)
    this.#directory = openDirectory({
      sql: durableSql(state.storage),
      clock: runtimeClock,
      random: (count) => crypto.getRandomValues(new Uint8Array(count)),
      storesMax,
    })
  }

  add(name: string): Result<TrustStoreRow, DirectoryRefusal> {
    return this.#directory.add(name)
  }

  byName(name: string): TrustStoreRow | undefined {
    return this.#directory.byName(name)
  }

  list(): readonly TrustStoreRow[] {
    return this.#directory.list()
  }

  remove(name: string): Result<TrustStoreRow, DirectoryRefusal> {
    return this.#directory.remove(name)
  }
}

/**
 * What edge workers are bound to: they may ask what is in force, and nothing else. The stores
 * themselves are bound to the control plane alone.
 */
export class TrustStoreFeed extends WorkerEntrypoint<ControlBindings> {
  /** The head of a store by its name; undefined where there is none. */
  async head(name: string): Promise<StoreHead | undefined> {
    return planeOf(this.env).store(name).head()
  }
}

export default {
  // One app an isolate, of what its bindings say.
  async fetch(request: Request, env: ControlBindings): Promise<Response> {
    app ??= appOf(env)
    return app.fetch(request)
  },
}

let app: Hono | undefined

function appOf(env: ControlBindings): Hono {
  const tokens = readTokens(env.API_TOKENS ?? '[]')
  if (!tokens.ok) throw new Error(`the secret API_TOKENS cannot be used: ${tokens.error}`)
  return createControlApp(planeOf(env), tokens.value)
}

function planeOf({ TRUST, STORES, DIRECTORY }: ControlBindings): ControlPlane {
  return {
    clock: runtimeClock,
    objects: r2Objects(TRUST, objectsPrefix),
    // Asked for anew each time: a stub belongs to the request that it was made in.
    get directory() {
      return DIRECTORY.getByName('directory')
    },
    store: (name) => STORES.getByName(name),
  }
}
