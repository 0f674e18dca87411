import { DurableObject } from 'cloudflare:workers'
import type { Result } from '#shared/result.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { runtimeClock } from '../../ports.ts'
import type { ChangeRefusal } from './changes.ts'
import { defaultStoreLimits, type StoreDocument } from './document.ts'
import {
  openManagedTrustStore,
  type AuditEntry,
  type ManagedTrustStore,
  type Made,
  type StoreChange,
  type StoreHead,
} from './managed-trust-store.ts'
import { durableSql } from './durable-sql.ts'
import { objectsPrefix, r2Objects } from './r2-objects.ts'

/** What the object needs bound. */
export interface TrustStoreBindings {
  readonly TRUST: R2Bucket
}

/** A trust store as a Durable Object: one for each name, asked over RPC. */
export class TrustStoreObject extends DurableObject<TrustStoreBindings> {
  readonly #store: ManagedTrustStore

  constructor(state: DurableObjectState, env: TrustStoreBindings) {
    super(state, env)
    this.#store = openManagedTrustStore({
      sql: durableSql(state.storage),
      objects: r2Objects(env.TRUST, objectsPrefix),
      limits: defaultStoreLimits,
      clock: runtimeClock,
      verifier: createWebCryptoVerifier(),
    })
  }

  head(): StoreHead | undefined {
    return this.#store.head()
  }

  document(epoch?: number): Promise<StoreDocument | undefined> {
    return this.#store.document(epoch)
  }

  change(change: StoreChange, by: string): Promise<Result<Made, ChangeRefusal>> {
    return this.#store.change(change, by)
  }

  audit(page: { readonly before?: number; readonly limit: number }): readonly AuditEntry[] {
    return this.#store.audit(page)
  }
}
