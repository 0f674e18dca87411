import type { ChangeRefusal } from '../../trust-stores/managed/changes.ts'
import {
  albStoreLimits,
  type ListEntry,
  type StoreDocument,
} from '../../trust-stores/managed/document.ts'
import type { TrustStoreRow } from '../directory.ts'
import { storeArn } from './arns.ts'
import { storeOf, type Call, type Operation } from './call.ts'
import { copyRevocations } from './files.ts'
import {
  AwsFault,
  malformed,
  optionalTexts,
  optionalTrees,
  requiredText,
  requiredTexts,
} from './input.ts'
import { signAddress } from './object-address.ts'
import { orderly, pageOf } from './paging.ts'
import type { XmlValue } from './xml.ts'

/** A store that was filled by our own API may have more than ALB's thirty. */
const idsMax = 1000

/** The operations on revocation lists, by their names in the ELBv2 API. */
export const revocationOperations = {
  AddTrustStoreRevocations: { changes: true, run: add },
  RemoveTrustStoreRevocations: { changes: true, run: remove },
  DescribeTrustStoreRevocations: { changes: false, run: describe },
  GetTrustStoreRevocationContent: { changes: false, run: locate },
} as const satisfies Record<string, Operation>

async function add(call: Call): Promise<XmlValue> {
  const { row, store } = await storeOf(call, 'revoke')
  const contents = optionalTrees(call.input, 'RevocationContents', albStoreLimits.listsMax)
  if (contents.length === 0) {
    throw new AwsFault(
      'ValidationError',
      'The request must contain the parameter RevocationContents',
    )
  }
  // One after the other: a list may have fifty megabytes, and a worker has little more than two such.
  const lists: Awaited<ReturnType<typeof copyRevocations>>[] = []
  for (const content of contents) lists.push(await copyRevocations(call, content))
  const made = await store.change({ kind: 'add_lists', lists }, call.key.name, 'alb')
  if (!made.ok) throw listFault(made.error)
  const document = await store.document(made.value.epoch)
  // A list that was there already keeps its id: it is the answer to the second asking too.
  const added = document?.lists.filter((entry) => lists.some(({ file }) => file === entry.file))
  return { TrustStoreRevocations: (added ?? []).map((entry) => described(call, row, entry)) }
}

function listFault({ code, because }: ChangeRefusal): AwsFault {
  if (code === 'limit_exceeded') return new AwsFault('TooManyTrustStoreRevocationEntries', because)
  if (code === 'list_not_found') return new AwsFault('RevocationIdNotFound', because)
  if (code === 'store_not_found') return new AwsFault('TrustStoreNotReady', because)
  return new AwsFault('InvalidRevocationContent', because)
}

async function remove(call: Call): Promise<XmlValue> {
  const { store } = await storeOf(call, 'write')
  const ids = requiredTexts(call.input, 'RevocationIds', idsMax).map(readId)
  const made = await store.change({ kind: 'remove_lists', ids }, call.key.name)
  if (!made.ok) throw listFault(made.error)
  return {}
}

async function describe(call: Call): Promise<XmlValue> {
  const { row, store } = await storeOf(call, 'read')
  const document = await store.document()
  const ids = optionalTexts(call.input, 'RevocationIds', idsMax).map(readId)
  const asked = ids.map((id) => listOf(document, id))
  const lists = asked.length > 0 ? asked : (document?.lists ?? [])
  const inOrder = lists.toSorted((a, b) => a.id - b.id)
  const { items, nextMarker } = pageOf(call.input, inOrder, ({ id }) => orderly(id))
  return {
    TrustStoreRevocations: items.map((entry) => described(call, row, entry)),
    NextMarker: nextMarker,
  }
}

async function locate(call: Call): Promise<XmlValue> {
  const { store } = await storeOf(call, 'read')
  const id = readId(requiredText(call.input, 'RevocationId'))
  const { file } = listOf(await store.document(), id)
  const { origin, key, plane } = call
  return { Location: await signAddress(origin, file, key, plane.clock.now()) }
}

function listOf(document: StoreDocument | undefined, id: number): ListEntry {
  const entry = document?.lists.find((each) => each.id === id)
  if (entry !== undefined) return entry
  throw new AwsFault('RevocationIdNotFound', `There is no revocation with the id ${id}`)
}

function readId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw malformed('RevocationId', 'a whole number')
}

function described({ where }: Call, row: TrustStoreRow, { id, entries }: ListEntry): XmlValue {
  return {
    TrustStoreArn: storeArn(where, row),
    RevocationId: id,
    RevocationType: 'CRL',
    NumberOfRevokedEntries: entries,
  }
}
