import { DurableObject } from 'cloudflare:workers'
import type { Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { runtimeClock, runtimeRandom } from '../ports.ts'
import { durableSql } from '../sqlite/durable-sql.ts'
import {
  openDirectory,
  type Directory,
  type DirectoryRefusal,
  type TrustStoreRow,
} from './directory.ts'
import type {
  ListenerChange,
  ListenerRefusal,
  ListenerRow,
  ListenerSettings,
  NewListener,
  Tag,
} from './listeners.ts'

/** ALB has twenty an account and region, and raises that on request. */
const storesMax = 100

/** The directory as a Durable Object: one for the whole deployment. */
export class DirectoryObject extends DurableObject implements Directory {
  readonly #directory: Directory

  constructor(state: DurableObjectState, env: object) {
    super(state, env)
    const sql = durableSql(state.storage)
    this.#directory = openDirectory({ sql, clock: runtimeClock, random: runtimeRandom, storesMax })
  }

  add(name: string, max?: number): Result<TrustStoreRow, DirectoryRefusal> {
    return this.#directory.add(name, max)
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

  addListener(listener: NewListener): Result<ListenerRow, ListenerRefusal> {
    return this.#directory.addListener(listener)
  }

  listeners(): readonly ListenerRow[] {
    return this.#directory.listeners()
  }

  changeListener(id: string, change: ListenerChange): Result<ListenerRow, ListenerRefusal> {
    return this.#directory.changeListener(id, change)
  }

  removeListener(id: string): Result<void, ListenerRefusal> {
    return this.#directory.removeListener(id)
  }

  settings(name: string): ListenerSettings | undefined {
    return this.#directory.settings(name)
  }

  tags(id: string): readonly Tag[] {
    return this.#directory.tags(id)
  }

  addTags(id: string, tags: readonly Tag[]): Result<void, ListenerRefusal> {
    return this.#directory.addTags(id, tags)
  }

  removeTags(id: string, keys: readonly string[]): void {
    this.#directory.removeTags(id, keys)
  }

  useSignature(signature: string, until: Instant): boolean {
    return this.#directory.useSignature(signature, until)
  }
}
