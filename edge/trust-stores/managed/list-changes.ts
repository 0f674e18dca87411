import { equalBytes, toBase64, type Bytes } from '#shared/bytes.ts'
import { ok, type Result } from '#shared/result.ts'
import { compileCrlTo } from '#shared/revocation/compiled/compile.ts'
import { sha256 } from '#shared/revocation/compiled/format.ts'
import { openByDigest, type ShardedCrl } from '#shared/revocation/compiled/load.ts'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import { checkParsedUpdate, defaultShrink } from '#shared/revocation/update.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { crlDer, updateSentence } from '../gate.ts'
import {
  overLimit,
  refused,
  type Change,
  type ChangeContext,
  type ChangeRefusal,
  type OfferedList,
} from './changes.ts'
import { listsInForce, type ListEntry, type StoreDocument, type StoreLimits } from './document.ts'
import { issuersOf } from './load-certificates.ts'
import {
  loadObject,
  storeAndRelease,
  storeObject,
  type ObjectName,
  type Objects,
} from './objects.ts'

/**
 * Adds revocation lists, all of them or none, each checked against the one that it supersedes; then
 * removes those that go with the same step.
 */
export async function addLists(
  before: StoreDocument,
  { lists, removing = [] }: Extract<Change, { kind: 'add_lists' }>,
  context: ChangeContext,
): Promise<Result<StoreDocument, ChangeRefusal>> {
  const issuers = await issuersOf(before, context.objects)
  let document: Result<StoreDocument, ChangeRefusal> = ok(before)
  for (const offered of lists) {
    document = await addList(document.value, offered, issuers, context)
    if (!document.ok) return document
  }
  // After the adding, so that the newer list is checked against the one that it replaces.
  const swapped = removing.length === 0 ? document : removeLists(document.value, removing)
  return swapped.ok ? withinListLimits(swapped.value, context.limits) : swapped
}

async function addList(
  before: StoreDocument,
  { file, source, shrink }: OfferedList,
  issuers: readonly Certificate[],
  context: ChangeContext,
): Promise<Result<StoreDocument, ChangeRefusal>> {
  const octets = await context.objects.get(file)
  if (octets === undefined) return refused('file_not_found', 'the list is not stored', file)
  const { listOctetsMax } = context.limits
  if (octets.length > listOctetsMax) {
    return overLimit('octets of the list', octets.length, listOctetsMax, file)
  }
  const der = crlDer(octets)
  if (!der.ok) return refused('malformed_crl', der.error, file)
  // Once: of a list of a million entries the index alone is eight megabytes, and thrice that while it is made.
  const parsed = parseCrl(der.value)
  if (!parsed.ok)
    return refused(
      'malformed_crl',
      updateSentence({ code: 'malformed_crl', ...parsed.error }),
      file,
    )
  const held = await heldFor(before, parsed.value, context.objects)
  // The very list that is in force: nothing is to be done, and asking twice is no fault.
  if (held !== undefined && (await isList(held.crl, der.value))) return ok(before)
  const crl = await checkParsedUpdate(parsed.value, {
    held: held?.crl,
    issuers,
    verifier: context.verifier,
    shrink: shrink ?? context.shrink ?? defaultShrink,
  })
  if (!crl.ok) return refused(crl.error.code, updateSentence(crl.error), file)
  const entry: ListEntry = {
    ...factsOfList(crl.value),
    id: context.newListId(),
    file,
    octets: octets.length,
    source,
    manifest: await storeCompiled(crl.value, issuers, context),
    addedAt: context.now,
    supersededBy: undefined,
  }
  const others = before.lists.map((each) =>
    each.id === held?.entry.id ? { ...each, supersededBy: entry.id } : each,
  )
  return ok({ ...before, lists: [...others, entry] })
}

/** The list in force that a new one would take the place of: of its issuer, kind and scope. */
async function heldFor(
  before: StoreDocument,
  offered: Crl,
  objects: Objects,
): Promise<{ readonly entry: ListEntry; readonly crl: Crl | ShardedCrl } | undefined> {
  const { issuer, kind, scope } = factsOfList(offered)
  const entry = listsInForce(before).find(
    (each) => each.issuer === issuer && each.kind === kind && each.scope === scope,
  )
  return entry && { entry, crl: await loadList(entry, objects) }
}

/**
 * A list that was taken once is read again: what it says is enough of a large one. Throws an Error
 * where the bucket no longer holds it.
 */
async function loadList(
  { file, manifest }: ListEntry,
  objects: Objects,
): Promise<Crl | ShardedCrl> {
  if (manifest !== undefined) {
    const opened = openByDigest(await loadObject(objects, manifest), {
      loadShard: async () => undefined,
    })
    if (opened.ok) return opened.value.list
    throw new Error(`the manifest ${manifest}, made before, cannot be read any more`)
  }
  const der = crlDer(await loadObject(objects, file))
  const crl = der.ok ? parseCrl(der.value) : undefined
  if (crl?.ok !== true) throw new Error(`the list ${file}, taken before, cannot be read any more`)
  return crl.value
}

async function isList(held: Crl | ShardedCrl, der: Bytes): Promise<boolean> {
  return 'der' in held
    ? equalBytes(held.der, der)
    : equalBytes(held.manifest.crlSha256, await sha256(der))
}

/**
 * Compiles a large list and stores its shards and its manifest, whose name is given back. The form
 * saves workers time and memory and is never needed: a list whose signer the store does not hold, or
 * that has no room in it, is loaded whole.
 */
async function storeCompiled(
  crl: Crl,
  issuers: readonly Certificate[],
  { objects, limits, verifier }: ChangeContext,
): Promise<ObjectName | undefined> {
  if (crl.entries <= limits.wholeEntriesMax) return undefined
  // Shard by shard, and the manifest last: one that is there has all that it names.
  const keep = async (shard: Bytes): Promise<void> => void (await storeAndRelease(objects, shard))
  for (const issuer of issuers) {
    const manifest = await compileCrlTo(crl, { issuer, verifier, sign: 'by_digest' }, keep)
    if (manifest.ok) return storeObject(objects, manifest.value)
  }
  return undefined
}

function factsOfList(
  crl: Crl,
): Pick<
  ListEntry,
  'issuer' | 'kind' | 'scope' | 'number' | 'thisUpdate' | 'nextUpdate' | 'entries'
> {
  return {
    issuer: toBase64(crl.issuer),
    kind: crl.deltaBase === undefined ? 'complete' : 'delta',
    scope: crl.scope && toBase64(crl.scope.der),
    number: crl.number?.toString(),
    thisUpdate: crl.thisUpdate,
    nextUpdate: crl.nextUpdate,
    entries: crl.entries,
  }
}

function withinListLimits(
  document: StoreDocument,
  { listsMax, entriesMax }: StoreLimits,
): Result<StoreDocument, ChangeRefusal> {
  const { length } = document.lists
  if (length > listsMax) return overLimit('revocation lists', length, listsMax)
  const entries = document.lists.reduce((sum, each) => sum + each.entries, 0)
  if (entries > entriesMax) return overLimit('revocation entries', entries, entriesMax)
  return ok(document)
}

/** Removes revocation lists by their ids, all of them or none. */
export function removeLists(
  before: StoreDocument,
  ids: readonly number[],
): Result<StoreDocument, ChangeRefusal> {
  const unknown = ids.find((id) => !before.lists.some((each) => each.id === id))
  if (unknown !== undefined) {
    return refused('list_not_found', `there is no revocation list ${unknown}`)
  }
  return ok({ ...before, lists: before.lists.filter(({ id }) => !ids.includes(id)) })
}
