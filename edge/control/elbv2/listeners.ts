import type { Result } from '#shared/result.ts'
import type { ListenerRefusal, ListenerRow } from '../listeners.ts'
import type { TrustStoreRow } from '../directory.ts'
import { mayDo, type Scope } from '../tokens.ts'
import { balancerArn, balancerOf, listenerArn, storeArn } from './arns.ts'
import { requireScope, requireScopeOnAll, type Call, type Operation } from './call.ts'
import { attributesOf, renamedBy } from './header-names.ts'
import {
  AwsFault,
  malformed,
  optionalNumber,
  optionalText,
  optionalTexts,
  optionalTrees,
  requiredText,
} from './input.ts'
import { readKept, readMutual, requireHttps } from './listener-input.ts'
import { listenerByArn } from './named-listener.ts'
import { orderly, pageOf } from './paging.ts'
import type { QueryTree } from './query.ts'
import { tagsOfInput } from './tags.ts'
import type { XmlValue } from './xml.ts'

/** The operations on listeners, as far as mutual authentication goes. */
export const listenerOperations = {
  CreateListener: { changes: true, run: create },
  ModifyListener: { changes: true, run: modify },
  DeleteListener: { changes: true, run: remove },
  DescribeListeners: { changes: false, run: describe },
  DescribeListenerAttributes: { changes: false, run: describeAttributes },
  ModifyListenerAttributes: { changes: true, run: modifyAttributes },
} as const satisfies Record<string, Operation>

const ports = [1, 65_535] as const

async function create(call: Call): Promise<XmlValue> {
  const { input, plane } = call
  const arn = requiredText(input, 'LoadBalancerArn')
  const balancer = balancerOf(call.where, arn)
  if (balancer === undefined) {
    throw new AwsFault(
      'LoadBalancerNotFound',
      `'${arn}' is no application load balancer of this account`,
    )
  }
  requireHttps(input)
  const port = optionalNumber(input, 'Port', ports)
  if (port === undefined) throw malformed('Port', 'a port')
  const kept = readKept(input)
  if (kept['DefaultActions'] === undefined) requiredText(input, 'DefaultActions')
  const tags = tagsOfInput(input)
  const mutual = (await readMutual(call)) ?? off
  requireScopeOn(call, 'admin', mutual)
  const row = listenerOf(
    await plane.directory.addListener({
      balancer,
      port,
      ...mutual,
      renamed: {},
      kept: JSON.stringify(kept),
    }),
  )
  await plane.directory.addTags(row.id, tags)
  return shown(call, [row])
}

const off = { mode: 'off', trustStore: undefined, ignoreExpiry: false } as const

/** What is not given stays as it is; `MutualAuthentication` is given as a whole. */
async function modify(call: Call): Promise<XmlValue> {
  const { input, plane } = call
  const before = await listenerByArn(call, requiredText(input, 'ListenerArn'))
  requireScopeOn(call, 'write', before)
  requireHttps(input)
  const port = optionalNumber(input, 'Port', ports) ?? before.port
  const mutual = (await readMutual(call)) ?? {}
  requireScopeOn(call, 'write', { ...before, ...mutual })
  const kept = JSON.stringify({ ...keptOf(before), ...readKept(input) })
  const row = listenerOf(await plane.directory.changeListener(before.id, { port, kept, ...mutual }))
  return shown(call, [row])
}

async function remove(call: Call): Promise<XmlValue> {
  const { id, trustStore } = await listenerByArn(call, requiredText(call.input, 'ListenerArn'))
  requireScopeOn(call, 'admin', { trustStore })
  const removed = await call.plane.directory.removeListener(id)
  if (!removed.ok) throw refused(removed.error)
  return {}
}

/** A request names no more of them than a page has. */
const arnsMax = 400

async function describe(call: Call): Promise<XmlValue> {
  const { input, plane, where } = call
  requireScope(call, 'read')
  const arns = optionalTexts(input, 'ListenerArns', arnsMax)
  const balancer = optionalText(input, 'LoadBalancerArn')
  if ((balancer === undefined) === (arns.length === 0)) {
    throw new AwsFault('ValidationError', 'Specify either LoadBalancerArn or ListenerArns')
  }
  const asked = await Promise.all(arns.map((arn) => listenerByArn(call, arn)))
  const ids = new Set(asked.map(({ id }) => id))
  const rows = (await plane.directory.listeners()).filter(
    (row) => ids.has(row.id) || balancerArn(where, row.balancer) === balancer,
  )
  const visible = rows.filter((row) => mayDo(call.key, 'read', row.trustStore))
  const { items, nextMarker } = pageOf(input, visible, keyOf)
  return shown(call, items, nextMarker)
}

const keyOf = ({ createdAt, id }: ListenerRow): string => `${orderly(createdAt)}-${id}`

async function describeAttributes(call: Call): Promise<XmlValue> {
  const row = await listenerByArn(call, requiredText(call.input, 'ListenerArn'))
  requireScope(call, 'read', row.trustStore)
  return { Attributes: attributesOf(row.renamed) }
}

/** There are eight. */
const attributesMax = 8

async function modifyAttributes(call: Call): Promise<XmlValue> {
  const { input, plane } = call
  const before = await listenerByArn(call, requiredText(input, 'ListenerArn'))
  requireScopeOn(call, 'write', before)
  const renamed = renamedBy(optionalTrees(input, 'Attributes', attributesMax), before.renamed)
  const row = listenerOf(await plane.directory.changeListener(before.id, { renamed }))
  return { Attributes: attributesOf(row.renamed) }
}

/** A listener is its trust store's; one without belongs to nobody's stores. */
function requireScopeOn(
  call: Call,
  scope: Scope,
  { trustStore }: Pick<ListenerRow, 'trustStore'>,
): void {
  if (trustStore === undefined) requireScopeOnAll(call, scope)
  else requireScope(call, scope, trustStore)
}

function listenerOf(result: Result<ListenerRow, ListenerRefusal>): ListenerRow {
  if (result.ok) return result.value
  throw refused(result.error)
}

function refused(refusal: ListenerRefusal): AwsFault {
  switch (refusal) {
    case 'port_taken':
      return new AwsFault('DuplicateListener', 'A listener with the specified port already exists')
    case 'listener_not_found':
      return new AwsFault('ListenerNotFound', 'The listener is not there any more')
    case 'store_not_found':
      return new AwsFault('TrustStoreNotFound', 'The trust store is not there any more')
    case 'too_many_listeners':
      return new AwsFault('TooManyListeners', 'There are as many listeners as are taken')
    case 'too_many_tags':
      return new AwsFault('TooManyTags', 'There are as many tags as are taken')
  }
}

const keptOf = ({ kept }: ListenerRow): QueryTree => JSON.parse(kept) as QueryTree

async function shown(
  { plane, where }: Call,
  rows: readonly ListenerRow[],
  nextMarker?: string,
): Promise<XmlValue> {
  const stores = await plane.directory.list()
  return {
    Listeners: rows.map((row) => ({
      ListenerArn: listenerArn(where, row),
      LoadBalancerArn: balancerArn(where, row.balancer),
      Port: row.port,
      Protocol: 'HTTPS',
      ...keptOf(row),
      MutualAuthentication: mutualOf(
        row,
        stores.find(({ name }) => name === row.trustStore),
        where,
      ),
    })),
    NextMarker: nextMarker,
  }
}

function mutualOf(
  { mode, ignoreExpiry }: ListenerRow,
  store: TrustStoreRow | undefined,
  where: Call['where'],
): XmlValue {
  if (mode !== 'verify') return { Mode: mode }
  return {
    Mode: mode,
    TrustStoreArn: store && storeArn(where, store),
    IgnoreClientCertificateExpiry: ignoreExpiry,
    // What is shared with no other account cannot be taken away by one.
    TrustStoreAssociationStatus: store === undefined ? 'removed' : 'active',
    AdvertiseTrustStoreCaNames: 'off',
  }
}
