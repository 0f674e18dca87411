import type { Context } from 'hono'
import type { ControlPlane, RemoteStore } from '../control-plane.ts'
import type { TrustStoreRow } from '../directory.ts'
import { mayDo, type Scope } from '../tokens.ts'
import type { ApiEnv } from './env.ts'
import { ApiProblem } from './problem.ts'

/** A store that a request may ask for. */
export interface AllowedStore {
  readonly row: TrustStoreRow
  readonly store: RemoteStore
}

/**
 * The store of a name, where the token is good for it. Throws an ApiProblem otherwise: a token that
 * is not for a store is not told whether there is one.
 */
export async function allowedStore(
  context: Context<ApiEnv>,
  plane: ControlPlane,
  scope: Scope,
  name: string,
): Promise<AllowedStore> {
  requireScope(context, scope, name)
  const row = await plane.directory.byName(name)
  if (row !== undefined) return { row, store: plane.store(row.name) }
  throw new ApiProblem('store_not_found', { detail: `there is no trust store ${name}` })
}

/** Throws an ApiProblem where the token is not good for this. */
export function requireScope(context: Context<ApiEnv>, scope: Scope, name?: string): void {
  if (mayDo(context.get('token'), scope, name)) return
  throw new ApiProblem('scope_missing', { detail: `it takes the scope ${scope}` })
}
