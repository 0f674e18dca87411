import { equalBytes, toBase64, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { compileCrlTo } from '#shared/revocation/compiled/compile.ts'
import { sha256 } from '#shared/revocation/compiled/format.ts'
import { openByDigest, type ShardedCrl } from '#shared/revocation/compiled/load.ts'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import {
  checkParsedUpdate,
  defaultShrink,
  type ShrinkRules,
  type UpdateRefusal,
} from '#shared/revocation/update.ts'
import type { Instant } from '#shared/time.ts'
import { readSerial } from '#shared/wire/serial.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { crlDer, readCertificates, updateSentence } from '../gate.ts'
import { readRefused } from '../../enrollment/registry/refused-file.ts'
import {
  listsInForce,
  refusedEntriesMax,
  type BundleEntry,
  type ListEntry,
  type RefusedFile,
  type RevokedSerial,
  type StoreDocument,
  type StoreLimits,
} from './document.ts'
import {
  loadObject,
  storeAndRelease,
  storeObject,
  type ObjectName,
  type Objects,
} from './objects.ts'

/** What an operator, a source or an AWS tool asks of a trust store. Files are stored beforehand. */
export type Change =
  /** The whole CA bundle, as `ModifyTrustStore` has it; the first one makes the store. */
  | { readonly kind: 'replace_bundle'; readonly file: ObjectName }
  /** Without a file there are none any more. */
  | { readonly kind: 'replace_intermediates'; readonly file: ObjectName | undefined }
  /** All of them or none; `removing` goes with it in one step, so that a full store can swap a list. */
  | {
      readonly kind: 'add_lists'
      readonly lists: readonly OfferedList[]
      readonly removing?: readonly number[]
    }
  | { readonly kind: 'remove_lists'; readonly ids: readonly number[] }
  /** `issuer` is the DER of its Name, base64; `serial` hexadecimal in any platform's spelling. */
  | {
      readonly kind: 'revoke_serials'
      readonly serials: readonly {
        readonly issuer: string
        readonly serial: string
        readonly reason: string
      }[]
    }
  /** All that a device registry refuses, in the place of what it refused before. */
  | { readonly kind: 'replace_refused'; readonly files: readonly RefusedFile[] }
  /** Takes the word back: what a list says of the certificate stays. */
  | {
      readonly kind: 'restore_serials'
      readonly serials: readonly { readonly issuer: string; readonly serial: string }[]
    }

export interface OfferedList {
  readonly file: ObjectName
  readonly source: string
  /** `accept` is the operator's explicit word that this one list may lose entries. */
  readonly shrink?: 'accept'
}

/** Why a change is not made; the store stays as it was. */
export interface ChangeRefusal {
  readonly code: ChangeRefusalCode
  /** For people: what is wrong, where, and what was expected. */
  readonly because: string
  /** The file that is at fault, where it is one. */
  readonly file?: ObjectName
}

export type ChangeRefusalCode =
  | UpdateRefusal['code']
  | 'store_not_found'
  | 'bundle_malformed'
  | 'file_not_found'
  | 'list_not_found'
  | 'serial_malformed'
  | 'refused_malformed'
  | 'serial_not_revoked'
  | 'epoch_not_found'
  | 'limit_exceeded'

/** What a change is judged by. */
export interface ChangeContext {
  readonly objects: Objects
  readonly verifier: SignatureVerifier
  readonly limits: StoreLimits
  readonly now: Instant
  /** Gives an id that no list of this store ever had. */
  readonly newListId: () => number
  readonly shrink?: ShrinkRules
}

/**
 * The document that a change makes of another, or why it is refused. Nothing is written but objects
 * that only the result names: whoever asked switches to it, or does not.
 *
 * @param before undefined where the store is made by this change
 */
export async function changed(
  before: StoreDocument | undefined,
  change: Change,
  context: ChangeContext,
): Promise<Result<StoreDocument, ChangeRefusal>> {
  if (change.kind === 'replace_bundle') return replaceBundle(before, change.file, context)
  if (before === undefined) {
    return refused('store_not_found', 'there is no trust store: it begins with its CA bundle')
  }
  switch (change.kind) {
    case 'replace_intermediates':
      return replaceIntermediates(before, change.file, context)
    case 'add_lists':
      return addLists(before, change, context)
    case 'remove_lists':
      return removeLists(before, change.ids)
    case 'revoke_serials':
      return revokeSerials(before, change.serials, context)
    case 'restore_serials':
      return restoreSerials(before, change.serials)
    case 'replace_refused':
      return replaceRefused(before, change.files, context)
  }
}

const refused = (
  code: ChangeRefusalCode,
  because: string,
  file?: ObjectName,
): Result<never, ChangeRefusal> => err({ code, because, ...(file !== undefined && { file }) })

const overLimit = (what: string, found: number, limit: number, file?: ObjectName) =>
  refused('limit_exceeded', `${what}: ${found}, and at most ${limit} are taken`, file)

async function replaceBundle(
  before: StoreDocument | undefined,
  file: ObjectName,
  context: ChangeContext,
): Promise<Result<StoreDocument, ChangeRefusal>> {
  const bundle = await readBundle(file, context)
  if (!bundle.ok) return bundle
  const rest = before ?? { form: 1, intermediates: undefined, lists: [], revoked: [] }
  return ok({ ...rest, bundle: bundle.value })
}

async function replaceIntermediates(
  before: StoreDocument,
  file: ObjectName | undefined,
  context: ChangeContext,
): Promise<Result<StoreDocument, ChangeRefusal>> {
  if (file === undefined) return ok({ ...before, intermediates: undefined })
  const intermediates = await readBundle(file, context)
  return intermediates.ok ? ok({ ...before, intermediates: intermediates.value }) : intermediates
}

async function readBundle(
  file: ObjectName,
  { objects, limits }: ChangeContext,
): Promise<Result<BundleEntry, ChangeRefusal>> {
  const octets = await objects.get(file)
  if (octets === undefined) return refused('file_not_found', 'the bundle is not stored', file)
  const read = readCertificates(octets)
  if (!read.ok) return refused('bundle_malformed', read.error, file)
  const { length } = read.value
  const subjectOctets = read.value.reduce((sum, { subject }) => sum + subject.length, 0)
  if (length > limits.certificatesMax) {
    return overLimit('CA certificates in the bundle', length, limits.certificatesMax, file)
  }
  if (subjectOctets > limits.subjectOctetsMax) {
    return overLimit('octets of subjects', subjectOctets, limits.subjectOctetsMax, file)
  }
  return ok({ file, certificates: length, subjectOctets })
}

async function addLists(
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

function removeLists(
  before: StoreDocument,
  ids: readonly number[],
): Result<StoreDocument, ChangeRefusal> {
  const unknown = ids.find((id) => !before.lists.some((each) => each.id === id))
  if (unknown !== undefined) {
    return refused('list_not_found', `there is no revocation list ${unknown}`)
  }
  return ok({ ...before, lists: before.lists.filter(({ id }) => !ids.includes(id)) })
}

function revokeSerials(
  before: StoreDocument,
  serials: Extract<Change, { kind: 'revoke_serials' }>['serials'],
  { limits, now }: ChangeContext,
): Result<StoreDocument, ChangeRefusal> {
  const revoked = new Map(before.revoked.map((each) => [serialKey(each), each]))
  for (const { issuer, serial, reason } of serials) {
    const read = readSerial(serial)
    if (!read.ok)
      return refused('serial_malformed', `the serial "${serial}" is not ${read.error.expected}`)
    const entry: RevokedSerial = { issuer, serial: read.value, since: now, reason }
    // Said twice it is revoked since the first time.
    if (!revoked.has(serialKey(entry))) revoked.set(serialKey(entry), entry)
  }
  if (revoked.size > limits.revokedSerialsMax) {
    return overLimit('serials revoked one by one', revoked.size, limits.revokedSerialsMax)
  }
  return ok({ ...before, revoked: [...revoked.values()] })
}

function restoreSerials(
  before: StoreDocument,
  serials: Extract<Change, { kind: 'restore_serials' }>['serials'],
): Result<StoreDocument, ChangeRefusal> {
  const revoked = new Map(before.revoked.map((each) => [serialKey(each), each]))
  for (const { issuer, serial } of serials) {
    const read = readSerial(serial)
    if (!read.ok || !revoked.delete(serialKey({ issuer, serial: read.value }))) {
      return refused(
        'serial_not_revoked',
        `the serial "${serial}" of this issuer is not revoked by word`,
      )
    }
  }
  return ok({ ...before, revoked: [...revoked.values()] })
}

async function replaceRefused(
  before: StoreDocument,
  files: readonly RefusedFile[],
  { objects }: ChangeContext,
): Promise<Result<StoreDocument, ChangeRefusal>> {
  const entries = files.reduce((sum, each) => sum + each.entries, 0)
  if (entries > refusedEntriesMax) {
    return overLimit('certificates that a registry refuses', entries, refusedEntriesMax)
  }
  const known = new Set(before.refused?.map(({ file }) => file))
  for (const { file } of files) {
    const octets = known.has(file) ? undefined : await objects.get(file)
    if (known.has(file)) continue
    if (octets === undefined) return refused('file_not_found', 'the file is not stored', file)
    const read = readRefused(octets)
    if (!read.ok) return refused('refused_malformed', read.error, file)
  }
  return ok({ ...before, refused: files })
}

const serialKey = ({ issuer, serial }: Pick<RevokedSerial, 'issuer' | 'serial'>): string =>
  `${issuer} ${serial}`

/** Anchors and intermediates: those whose signatures on lists are asked. */
async function issuersOf(
  { bundle, intermediates }: StoreDocument,
  objects: Objects,
): Promise<readonly Certificate[]> {
  const files = intermediates === undefined ? [bundle.file] : [bundle.file, intermediates.file]
  const read = await Promise.all(files.map((file) => loadCertificates(objects, file)))
  return read.flat()
}

/** A bundle that was taken once. Throws an Error where the bucket no longer holds it. */
export async function loadCertificates(
  objects: Objects,
  file: ObjectName,
): Promise<readonly Certificate[]> {
  const read = readCertificates(await loadObject(objects, file))
  if (read.ok) return read.value
  throw new Error(`the bundle ${file}, taken before, cannot be read any more: ${read.error}`)
}
