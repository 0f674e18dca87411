import { ok, type Result } from '#shared/result.ts'
import { readSerial } from '#shared/wire/serial.ts'
import { readRefused } from '../../enrollment/registry/refused-file.ts'
import { readCertificates } from '../gate.ts'
import {
  overLimit,
  refused,
  type Change,
  type ChangeContext,
  type ChangeRefusal,
} from './changes.ts'
import {
  refusedEntriesMax,
  type BundleEntry,
  type RefusedFile,
  type RevokedSerial,
  type StoreDocument,
} from './document.ts'
import { addLists, removeLists } from './list-changes.ts'
import type { ObjectName } from './objects.ts'

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
