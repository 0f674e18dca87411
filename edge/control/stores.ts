import { err, ok, type Result } from '#shared/result.ts'
import type { ChangeRefusal } from '../trust-stores/managed/changes.ts'
import type { LimitsWord } from '../trust-stores/managed/document.ts'
import type { Made } from '../trust-stores/managed/managed-trust-store.ts'
import type { ObjectName } from '../trust-stores/managed/objects.ts'
import type { ControlPlane } from './control-plane.ts'
import type { DirectoryRefusal, TrustStoreRow } from './directory.ts'
import type { ListenerRow } from './listeners.ts'

/** A trust store to be made, and by whom. */
export interface StoreOrder {
  readonly name: string
  /** A bundle that is stored already. */
  readonly bundle: ObjectName
  /** As audit logs tell it. */
  readonly by: string
  readonly limits?: LimitsWord
  /** How many stores an account has at most, where that is fewer than the directory takes. */
  readonly storesMax?: number
}

/** Why no store was made. */
export type StoreRefusal =
  | { readonly kind: 'directory'; readonly code: DirectoryRefusal }
  | { readonly kind: 'change'; readonly refusal: ChangeRefusal }

/** Makes a trust store of its first bundle; where that is refused its name is free again. */
export async function makeStore(
  plane: ControlPlane,
  { name, bundle, by, limits, storesMax }: StoreOrder,
): Promise<Result<{ readonly row: TrustStoreRow; readonly head: Made }, StoreRefusal>> {
  const row = await plane.directory.add(name, storesMax)
  if (!row.ok) return err({ kind: 'directory', code: row.error })
  const change = { kind: 'replace_bundle', file: bundle } as const
  const head = await plane.store(name).change(change, by, limits)
  if (head.ok) return ok({ row: row.value, head: head.value })
  await plane.directory.remove(name)
  return err({ kind: 'change', refusal: head.error })
}

/** The listeners that decide by a trust store. */
export async function listenersOn(
  plane: ControlPlane,
  name: string,
): Promise<readonly ListenerRow[]> {
  return (await plane.directory.listeners()).filter(({ trustStore }) => trustStore === name)
}

/**
 * Deletes a trust store that no listener decides by. A listener that comes upon it in this very
 * moment lets nobody in: the store is empty before its name is free.
 */
export async function deleteStore(
  plane: ControlPlane,
  { name, id }: TrustStoreRow,
  by: string,
): Promise<Result<void, 'store_in_use'>> {
  if ((await listenersOn(plane, name)).length > 0) return err('store_in_use')
  // A store that was never made whole has nothing to delete but its name.
  await plane.store(name).change({ kind: 'delete' }, by)
  const tags = await plane.directory.tags(id)
  await plane.directory.removeTags(
    id,
    tags.map(({ key }) => key),
  )
  await plane.directory.remove(name)
  return ok(undefined)
}
