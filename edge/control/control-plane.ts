import type { Result } from '#shared/result.ts'
import type { Clock } from '#shared/time.ts'
import type { DeviceRegistry } from '../enrollment/registry/device-registry.ts'
import type { ChangeRefusal } from '../trust-stores/managed/changes.ts'
import type { LimitsWord, StoreDocument } from '../trust-stores/managed/document.ts'
import type { AuditEntry, StoreChange } from '../trust-stores/managed/audit-entry.ts'
import type { Made, StoreHead } from '../trust-stores/managed/managed-trust-store.ts'
import type { Objects } from '../trust-stores/managed/objects.ts'
import type { WatchedTrustStore } from '../trust-stores/managed/watched-trust-store.ts'
import type { Directory } from './directory.ts'

/** The functions of a port as they are asked over RPC. */
type Remote<Port> = {
  readonly [Name in keyof Port]: Port[Name] extends (...given: infer Given) => infer Answer
    ? (...given: Given) => Promise<Awaited<Answer>>
    : never
}

/** What operators ask of what goes on around a store by itself. */
type Watched = Omit<WatchedTrustStore, 'tick'>

/** One trust store, wherever it lives. */
export interface RemoteStore extends Remote<Watched> {
  head(): Promise<StoreHead | undefined>
  document(epoch?: number): Promise<StoreDocument | undefined>
  change(change: StoreChange, by: string, limits?: LimitsWord): Promise<Result<Made, ChangeRefusal>>
  audit(page: { readonly before?: number; readonly limit: number }): Promise<readonly AuditEntry[]>
}

/** What both APIs and the console are written over: Durable Objects in production. */
export interface ControlPlane {
  readonly clock: Clock
  readonly objects: Objects
  readonly directory: Remote<Directory>
  /** By its name, whether it was made or not. */
  readonly store: (name: string) => RemoteStore
  /** The devices that enrol; undefined where there is no such registry. */
  readonly registry?: DeviceRegistry | undefined
}
