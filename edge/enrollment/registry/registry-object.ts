import { DurableObject } from 'cloudflare:workers'
import { shift } from '#shared/time.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { runtimeClock, runtimeRandom } from '../../ports.ts'
import { durableSql } from '../../sqlite/durable-sql.ts'
import type { TrustStoreObject } from '../../trust-stores/managed/durable-object.ts'
import { objectsPrefix, r2Objects } from '../../trust-stores/managed/r2-objects.ts'
import { webPost } from '../../trust-stores/sources/web-fetch.ts'
import { approvalBy, type ApprovalVariables } from './approval-hook.ts'
import type { DeviceRegistryOptions } from './context.ts'
import { createDeviceRegistry, type DeviceRegistry } from './device-registry.ts'
import { openRegistryPart, type RegistryPart } from './part.ts'
import { defaultShards } from './parts.ts'
import type { PublishTarget } from './publish.ts'
import { callPart, remotePart } from './remote-part.ts'

/** What a Worker needs bound to speak to the registry. */
export interface RegistryBindings extends ApprovalVariables {
  /** Of the control plane; undefined where no device enrols. */
  readonly REGISTRY?: DurableObjectNamespace<RegistryObject>
}

/** What the objects themselves have bound: they tell the trust stores. */
export interface RegistryObjectBindings extends RegistryBindings {
  readonly TRUST: R2Bucket
  readonly STORES: DurableObjectNamespace<TrustStoreObject>
  readonly DIRECTORY: DurableObjectNamespace<Listing>
}

/** What of the control plane's directory is asked. */
interface Listing extends Rpc.DurableObjectBranded {
  list(): readonly { readonly name: string }[]
}

/** What was left undone is done so much later at most; whatever changes by the API is told at once. */
const tickEveryMs = 60_000

/** One part of the registry as a Durable Object, by its name; that of the rules looks after the rest. */
export class RegistryObject extends DurableObject<RegistryObjectBindings> {
  readonly #part: RegistryPart

  constructor(state: DurableObjectState, env: RegistryObjectBindings) {
    super(state, env)
    this.#part = openRegistryPart(durableSql(state.storage))
  }

  async ask(name: string, given: readonly unknown[]): Promise<unknown> {
    // Whatever begins to use a registry settles first how many parts it has.
    if (name === 'settle' && (await this.ctx.storage.getAlarm()) === null) await this.#wake()
    return callPart(this.#part, name, given)
  }

  /** Whatever comes of it, there is a next time. */
  override async alarm(): Promise<void> {
    await this.#wake()
    const published = await boundRegistry(this.env, publishTarget(this.env))?.tick()
    for (const { store, failure } of published ?? []) {
      if (failure !== undefined) console.error(`the trust store ${store} was not told: ${failure}`)
    }
  }

  #wake(): Promise<void> {
    return this.ctx.storage.setAlarm(shift(runtimeClock.now(), tickEveryMs))
  }
}

/** Every trust store of the control plane refuses whom the registry refuses. */
export function publishTarget({ TRUST, STORES, DIRECTORY }: RegistryObjectBindings): PublishTarget {
  return {
    objects: r2Objects(TRUST, objectsPrefix),
    async stores() {
      const rows = await DIRECTORY.getByName('directory').list()
      return rows.map(({ name }) => ({
        name,
        document: () => STORES.getByName(name).document(),
        change: (change, by) => STORES.getByName(name).change(change, by),
      }))
    },
  }
}

/**
 * The registry that is bound; undefined where none is. Without a target the trust stores are told by
 * the registry itself, within a minute.
 */
export function boundRegistry(
  env: RegistryBindings,
  publish?: PublishTarget,
  options: Pick<DeviceRegistryOptions, 'rules'> = {},
): DeviceRegistry | undefined {
  const { REGISTRY: namespace } = env
  if (namespace === undefined) return undefined
  return createDeviceRegistry({
    // Asked for anew each time: a stub belongs to the request that it was made in.
    part: (name) =>
      remotePart(async (asked, given): Promise<unknown> =>
        namespace.getByName(name).ask(asked, given),
      ),
    shards: defaultShards,
    clock: runtimeClock,
    random: runtimeRandom,
    verifier: createWebCryptoVerifier(),
    approve: approvalBy(env, { post: webPost, clock: runtimeClock, report: console.error }),
    alarm: ({ claim, refused }) =>
      console.error(`the claim ${claim} has leaked: it was shown ${refused} times too often`),
    ...(publish !== undefined && { publish }),
    ...options,
  })
}
