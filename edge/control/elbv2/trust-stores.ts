import { albStoresMax, type StoreDocument } from '../../trust-stores/managed/document.ts'
import type { ChangeRefusal } from '../../trust-stores/managed/changes.ts'
import type { TrustStoreRow } from '../directory.ts'
import { deleteStore, listenersOn, makeStore, type StoreRefusal } from '../stores.ts'
import { mayDo } from '../tokens.ts'
import { listenerArn, storeArn } from './arns.ts'
import { requireScope, storeByArn, storeOf, type Call, type Operation } from './call.ts'
import { copyBundle } from './files.ts'
import { AwsFault, optionalTexts, requiredText } from './input.ts'
import { signAddress } from './object-address.ts'
import { orderly, pageOf } from './paging.ts'
import { tagsOfInput } from './tags.ts'
import type { XmlValue } from './xml.ts'

/** A request names no more of them than a page has. */
const namesMax = 400

/** The operations on trust stores themselves, by their names in the ELBv2 API. */
export const trustStoreOperations = {
  CreateTrustStore: { changes: true, run: create },
  ModifyTrustStore: { changes: true, run: modify },
  DeleteTrustStore: { changes: true, run: remove },
  DescribeTrustStores: { changes: false, run: describe },
  DescribeTrustStoreAssociations: { changes: false, run: describeAssociations },
  DeleteSharedTrustStoreAssociation: { changes: true, run: removeAssociation },
  GetTrustStoreCaCertificatesBundle: { changes: false, run: locateBundle },
  GetResourcePolicy: { changes: false, run: readResourcePolicy },
} as const satisfies Record<string, Operation>

async function create(call: Call): Promise<XmlValue> {
  const { plane, key, input } = call
  const name = requiredText(input, 'Name')
  requireScope(call, 'admin', name)
  const tags = tagsOfInput(input)
  if ((await plane.directory.byName(name)) !== undefined) throw duplicate(name)
  const bundle = await copyBundle(call)
  const order = { name, bundle, by: key.name, limits: 'alb', storesMax: albStoresMax } as const
  const made = await makeStore(plane, order)
  if (!made.ok) throw notMade(made.error, name)
  // Few enough, as `tagsOfInput` has seen, and the store has none yet.
  await plane.directory.addTags(made.value.row.id, tags)
  return { TrustStores: [await described(call, made.value.row)] }
}

function notMade(refusal: StoreRefusal, name: string): AwsFault {
  if (refusal.kind === 'change') return bundleFault(refusal.refusal)
  switch (refusal.code) {
    case 'name_taken':
      return duplicate(name)
    case 'too_many_stores':
      return new AwsFault('TooManyTrustStores', `An account has at most ${albStoresMax}`)
    case 'name_malformed':
    case 'store_not_found':
      return new AwsFault(
        'ValidationError',
        `The trust store name '${name}' must have 1 to 32 letters, digits and single hyphens inside`,
      )
  }
}

const duplicate = (name: string): AwsFault =>
  new AwsFault('DuplicateTrustStoreName', `A trust store with the name '${name}' already exists`)

const bundleFault = ({ because }: ChangeRefusal): AwsFault =>
  new AwsFault('InvalidCaCertificatesBundle', because)

async function modify(call: Call): Promise<XmlValue> {
  const { row, store } = await storeOf(call, 'write')
  const file = await copyBundle(call)
  const made = await store.change({ kind: 'replace_bundle', file }, call.key.name, 'alb')
  if (!made.ok) throw bundleFault(made.error)
  return { TrustStores: [await described(call, row)] }
}

async function remove(call: Call): Promise<XmlValue> {
  const { row } = await storeOf(call, 'admin')
  const deleted = await deleteStore(call.plane, row, call.key.name)
  if (deleted.ok) return {}
  const arn = storeArn(call.where, row)
  throw new AwsFault('TrustStoreInUse', `The trust store '${arn}' is in use by a listener`)
}

async function describe(call: Call): Promise<XmlValue> {
  const { input, plane } = call
  requireScope(call, 'read')
  const arns = optionalTexts(input, 'TrustStoreArns', namesMax)
  const names = optionalTexts(input, 'Names', namesMax)
  if (arns.length > 0 && names.length > 0) {
    throw new AwsFault('ValidationError', 'TrustStoreArns and Names cannot both be specified')
  }
  const visible = (await plane.directory.list()).filter(({ name }) => mayDo(call.key, 'read', name))
  const missing = names.find((name) => !visible.some((each) => each.name === name))
  if (missing !== undefined) {
    throw new AwsFault('TrustStoreNotFound', `One or more trust stores not found: '${missing}'`)
  }
  const asked = await Promise.all(arns.map((arn) => storeByArn(call, arn, 'read')))
  const wanted = new Set([...names, ...asked.map(({ name }) => name)])
  const rows = wanted.size === 0 ? visible : visible.filter(({ name }) => wanted.has(name))
  const { items, nextMarker } = pageOf(input, rows, keyOf)
  const stores = await Promise.all(items.map((row) => described(call, row)))
  return { TrustStores: stores, NextMarker: nextMarker }
}

const keyOf = ({ createdAt, id }: Pick<TrustStoreRow, 'createdAt' | 'id'>): string =>
  `${orderly(createdAt)}-${id}`

async function described({ plane, where }: Call, row: TrustStoreRow): Promise<XmlValue> {
  const document = await plane.store(row.name).document()
  return {
    Name: row.name,
    TrustStoreArn: storeArn(where, row),
    Status: document === undefined ? 'CREATING' : 'ACTIVE',
    NumberOfCaCertificates: document?.bundle.certificates ?? 0,
    TotalRevokedEntries: document === undefined ? 0 : entriesOf(document),
  }
}

/** As ALB counts them: of every list that is there, whether another one has taken its place or not. */
const entriesOf = ({ lists }: StoreDocument): number =>
  lists.reduce((sum, { entries }) => sum + entries, 0)

async function describeAssociations(call: Call): Promise<XmlValue> {
  const { row } = await storeOf(call, 'read')
  const listeners = await listenersOn(call.plane, row.name)
  const { items, nextMarker } = pageOf(call.input, listeners, keyOf)
  return {
    TrustStoreAssociations: items.map((listener) => ({
      ResourceArn: listenerArn(call.where, listener),
    })),
    NextMarker: nextMarker,
  }
}

/** Stores are shared with nobody here, so every association is of the same account. */
async function removeAssociation(call: Call): Promise<XmlValue> {
  const { row } = await storeOf(call, 'admin')
  const resource = requiredText(call.input, 'ResourceArn')
  const listeners = await listenersOn(call.plane, row.name)
  throw listeners.some((listener) => listenerArn(call.where, listener) === resource)
    ? new AwsFault(
        'DeleteAssociationSameAccount',
        'The association is of the account that owns the trust store: modify the listener instead',
      )
    : new AwsFault('AssociationNotFound', `'${resource}' is not associated with the trust store`)
}

async function locateBundle(call: Call): Promise<XmlValue> {
  const { row, store } = await storeOf(call, 'read')
  const document = await store.document()
  if (document === undefined) {
    throw new AwsFault('TrustStoreNotFound', `The trust store ${row.name} has no bundle yet`)
  }
  const { origin, key, plane } = call
  return { Location: await signAddress(origin, document.bundle.file, key, plane.clock.now()) }
}

/** Resource policies share a store with other accounts; there is one account here. */
async function readResourcePolicy(call: Call): Promise<XmlValue> {
  const arn = requiredText(call.input, 'ResourceArn')
  requireScope(call, 'read')
  throw new AwsFault('ResourceNotFound', `There is no resource policy for '${arn}'`)
}
