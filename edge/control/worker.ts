import { WorkerEntrypoint } from 'cloudflare:workers'
import type { Hono } from 'hono'
import {
  boundRegistry,
  publishTarget,
  RegistryObject,
  type RegistryBindings,
} from '../enrollment/registry/registry-object.ts'
import { runtimeClock } from '../ports.ts'
import { TrustStoreObject } from '../trust-stores/managed/durable-object.ts'
import type { StoreHead } from '../trust-stores/managed/managed-trust-store.ts'
import { objectsPrefix, r2Objects } from '../trust-stores/managed/r2-objects.ts'
import { createControlApp } from './app.ts'
import { askEdgeOf, type EdgeMetricsBindings } from './console/edge-metrics.ts'
import type { ControlPlane } from './control-plane.ts'
import { DirectoryObject } from './directory-object.ts'
import { elbv2Of, type Elbv2Bindings } from './elbv2/bindings.ts'
import type { ListenerSettings } from './listeners.ts'
import { readTokens } from './tokens.ts'

export { DirectoryObject, RegistryObject, TrustStoreObject }

/** Bindings of the control plane's `wrangler.toml`. */
export interface ControlBindings extends Elbv2Bindings, EdgeMetricsBindings, RegistryBindings {
  readonly TRUST: R2Bucket
  readonly STORES: DurableObjectNamespace<TrustStoreObject>
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>
  /** Secret: who may ask, see `readTokens`. */
  readonly API_TOKENS?: string
}

/**
 * What edge workers are bound to: they may ask what is in force, tell which of its anchors devices come
 * in by, and nothing else. The stores themselves are bound to the control plane alone.
 */
export class TrustStoreFeed extends WorkerEntrypoint<ControlBindings> {
  /**
   * The head of a store by its name; undefined where there is none.
   *
   * @param used ids of anchors (`anchorId`) that devices came in by
   */
  async head(name: string, used: readonly string[] = []): Promise<StoreHead | undefined> {
    const store = planeOf(this.env).store(name)
    if (used.length > 0) await store.noteAnchors(used)
    return store.head()
  }

  /** What a listener says, by its ARN or its name (`fleet:443`); undefined where there is none. */
  async listener(name: string): Promise<ListenerSettings | undefined> {
    return planeOf(this.env).directory.settings(name)
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
  return createControlApp(planeOf(env), tokens.value, elbv2Of(env), askEdgeOf(env))
}

function planeOf(env: ControlBindings): ControlPlane {
  const { TRUST, STORES, DIRECTORY } = env
  return {
    clock: runtimeClock,
    objects: r2Objects(TRUST, objectsPrefix),
    // Asked for anew each time: a stub belongs to the request that it was made in.
    get directory() {
      return DIRECTORY.getByName('directory')
    },
    store: (name) => STORES.getByName(name),
    get registry() {
      return boundRegistry(env, publishTarget(env))
    },
  }
}
