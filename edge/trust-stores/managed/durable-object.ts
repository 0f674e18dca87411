import { DurableObject } from 'cloudflare:workers'
import type { Result } from '#shared/result.ts'
import { shift, type Instant } from '#shared/time.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { bucketsOf, type Elbv2Bindings } from '../../control/elbv2/bindings.ts'
import { runtimeClock } from '../../ports.ts'
import type { Finding } from '../findings/finding.ts'
import { readWebhook } from '../findings/webhook.ts'
import { readOpenHosts } from '../sources/address.ts'
import type { NewSource, Source, SourceRefusal } from '../sources/source.ts'
import { webFetch, webPost } from '../sources/web-fetch.ts'
import { readUnusedAfter } from './anchor-use.ts'
import type { ChangeRefusal } from './changes.ts'
import { defaultStoreLimits, type LimitsWord, type StoreDocument } from './document.ts'
import type { AuditEntry, StoreChange } from './audit-entry.ts'
import {
  openManagedTrustStore,
  type ManagedTrustStore,
  type Made,
  type StoreHead,
} from './managed-trust-store.ts'
import { durableSql } from '../../sqlite/durable-sql.ts'
import { objectsPrefix, r2Objects } from './r2-objects.ts'
import {
  lookEveryMs,
  watchTrustStore,
  type Discovered,
  type NamedAnchorUse,
  type WatchedTrustStore,
} from './watched-trust-store.ts'

/** What the object needs bound. Bucket sources take the buckets that the ELBv2 API has. */
export interface TrustStoreBindings extends Elbv2Bindings {
  readonly TRUST: R2Bucket
  /** Hosts that sources may name although they are private, or their port is none of the web's. */
  readonly SOURCES_OPEN_HOSTS?: string
  /** For so long nobody may come in by an anchor; 30d unless given. */
  readonly ANCHOR_UNUSED_AFTER?: string
  /** Secrets: where findings are sent, and what signs them. */
  readonly FINDINGS_WEBHOOK?: string
  readonly FINDINGS_WEBHOOK_SECRET?: string
}

/** Changes come in bursts: what they made is looked at once. */
const settleMs = 5000

/** A trust store as a Durable Object: one for each name, asked over RPC. */
export class TrustStoreObject extends DurableObject<TrustStoreBindings> {
  readonly #store: ManagedTrustStore
  readonly #watched: WatchedTrustStore

  constructor(state: DurableObjectState, env: TrustStoreBindings) {
    super(state, env)
    const stored = {
      sql: durableSql(state.storage),
      objects: r2Objects(env.TRUST, objectsPrefix),
      limits: defaultStoreLimits,
      clock: runtimeClock,
    }
    this.#store = openManagedTrustStore({ ...stored, verifier: createWebCryptoVerifier() })
    const openHosts = readOpenHosts(env.SOURCES_OPEN_HOSTS)
    this.#watched = watchTrustStore({
      ...stored,
      store: this.#store,
      chance: Math.random,
      unusedAfterMs: readUnusedAfter(env.ANCHOR_UNUSED_AFTER, (line) => console.error(line)),
      // Read when they are asked: a variable that is wrong is told by its source, and stops no store.
      ports: { fetch: webFetch, openHosts, buckets: { get: (each) => bucketsOf(env).get(each) } },
      alarms: {
        store: state.id.name ?? state.id.toString(),
        log: (line) => console.warn(line),
        webhook: readWebhook(env.FINDINGS_WEBHOOK, env.FINDINGS_WEBHOOK_SECRET, openHosts),
        post: webPost,
      },
    })
    // A store of before there were alarms, or one whose alarm was lost, is looked after again.
    if (this.#store.head() !== undefined) void state.blockConcurrencyWhile(() => this.#wakeSoon())
  }

  head(): StoreHead | undefined {
    return this.#store.head()
  }

  document(epoch?: number): Promise<StoreDocument | undefined> {
    return this.#store.document(epoch)
  }

  async change(
    change: StoreChange,
    by: string,
    limits?: LimitsWord,
  ): Promise<Result<Made, ChangeRefusal>> {
    const made = await this.#store.change(change, by, limits)
    await this.#wakeSoon()
    return made
  }

  audit(page: { readonly before?: number; readonly limit: number }): readonly AuditEntry[] {
    return this.#store.audit(page)
  }

  sources(): readonly Source[] {
    return this.#watched.sources()
  }

  async addSource(wanted: NewSource, by: string): Promise<Result<Source, SourceRefusal>> {
    const source = this.#watched.addSource(wanted, by)
    await this.#wakeAt(runtimeClock.now())
    return source
  }

  removeSource(id: number, by: string): Result<Source, SourceRefusal> {
    return this.#watched.removeSource(id, by)
  }

  async discoverSources(by: string): Promise<Result<Discovered, SourceRefusal>> {
    const discovered = await this.#watched.discoverSources(by)
    await this.#wakeAt(runtimeClock.now())
    return discovered
  }

  async askSource(id: number): Promise<Result<Source, SourceRefusal>> {
    const source = await this.#watched.askSource(id)
    await this.#wakeSoon()
    return source
  }

  noteAnchors(ids: readonly string[]): void {
    this.#watched.noteAnchors(ids)
  }

  anchors(): Promise<readonly NamedAnchorUse[]> {
    return this.#watched.anchors()
  }

  findings(): Promise<readonly Finding[]> {
    return this.#watched.findings()
  }

  /** Asks sources, looks, tells; and is woken again, whatever comes of it, as long as there is a store. */
  override async alarm(): Promise<void> {
    try {
      const next = await this.#watched.tick()
      if (next !== undefined) await this.#wakeAt(next)
    } catch (error) {
      console.error(`the trust store could not be looked at: ${String(error)}`)
      await this.#wakeAt(shift(runtimeClock.now(), lookEveryMs))
    }
  }

  #wakeSoon(): Promise<void> {
    return this.#wakeAt(shift(runtimeClock.now(), settleMs))
  }

  /** An alarm that is set for sooner stays. */
  async #wakeAt(at: Instant): Promise<void> {
    const { storage } = this.ctx
    const set = await storage.getAlarm()
    if (set === null || set > at) await storage.setAlarm(at)
  }
}
