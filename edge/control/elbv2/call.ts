import type { ControlPlane, RemoteStore } from '../control-plane.ts'
import type { TrustStoreRow } from '../directory.ts'
import { mayDo, type Scope } from '../tokens.ts'
import type { ScopedKey } from './access-keys.ts'
import { resourceOf, type Account } from './arns.ts'
import type { BucketObjects } from '../../trust-stores/buckets/bucket-objects.ts'
import { AwsFault, malformed, requiredText } from './input.ts'
import type { QueryTree } from './query.ts'
import type { XmlValue } from './xml.ts'

/** One request that was signed, and all that it may touch. */
export interface Call {
  readonly plane: ControlPlane
  readonly buckets: BucketObjects
  readonly where: Account
  readonly key: ScopedKey
  readonly input: QueryTree
  /** Of the address that was asked. */
  readonly origin: string
}

/** What an operation does. Throws an AwsFault where it does not. */
export interface Operation {
  /** Whether it changes something, so that a replay of it is refused. */
  readonly changes: boolean
  readonly run: (call: Call) => Promise<XmlValue>
}

/** A trust store that a call names, and may. */
export interface NamedStore {
  readonly row: TrustStoreRow
  readonly store: RemoteStore
}

/** Throws an AwsFault where the caller's key is not good for this. */
export function requireScope({ key }: Call, scope: Scope, store?: string): void {
  if (mayDo(key, scope, store)) return
  const what = store === undefined ? scope : `${scope} on the trust store ${store}`
  throw new AwsFault('AccessDenied', `The key ${key.accessKeyId} may not: it takes ${what}`)
}

/**
 * For what belongs to no trust store, a listener that verifies nothing among them: keys that are for
 * some stores only are not good for it.
 */
export function requireScopeOnAll({ key }: Call, scope: Scope): void {
  if (mayDo(key, scope) && key.stores === undefined) return
  throw new AwsFault(
    'AccessDenied',
    `The key ${key.accessKeyId} may not: it takes ${scope} on every trust store`,
  )
}

/** The trust store of `TrustStoreArn`. */
export async function storeOf(call: Call, scope: Scope): Promise<NamedStore> {
  const row = await storeByArn(call, requiredText(call.input, 'TrustStoreArn'), scope)
  return { row, store: call.plane.store(row.name) }
}

/** A key that is not for a store is not told whether there is one. */
export async function storeByArn(call: Call, arn: string, scope: Scope): Promise<TrustStoreRow> {
  const [, name, id] = storeResource.exec(resourceOf(call.where, arn) ?? '') ?? []
  if (name === undefined || id === undefined) throw notFound(arn)
  requireScope(call, scope, name)
  const row = await call.plane.directory.byName(name)
  if (row?.id === id) return row
  throw notFound(arn)
}

const storeResource = /^truststore\/([a-zA-Z0-9-]{1,32})\/([0-9a-f]{16})$/

const notFound = (arn: string): AwsFault =>
  arn.startsWith('arn:')
    ? new AwsFault('TrustStoreNotFound', `One or more trust stores not found: '${arn}'`)
    : malformed('TrustStoreArn', 'an ARN')
