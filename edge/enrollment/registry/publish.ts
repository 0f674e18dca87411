import type { Result } from '#shared/result.ts'
import type { ChangeRefusal } from '../../trust-stores/managed/changes.ts'
import type { RefusedFile, StoreDocument } from '../../trust-stores/managed/document.ts'
import type { StoreChange } from '../../trust-stores/managed/audit-entry.ts'
import type { Made } from '../../trust-stores/managed/managed-trust-store.ts'
import { storeObject, type Objects } from '../../trust-stores/managed/objects.ts'
import type { RemotePart } from './remote-part.ts'

/** A trust store that refuses the devices which the registry refuses. */
export interface PublishedStore {
  readonly name: string
  document(): Promise<StoreDocument | undefined>
  change(change: StoreChange, by: string): Promise<Result<Made, ChangeRefusal>>
}

export interface PublishTarget {
  readonly objects: Objects
  readonly stores: () => Promise<readonly PublishedStore[]>
}

/** What one trust store says now. */
export interface Published {
  readonly store: string
  /** How many certificates it refuses by the registry's word. */
  readonly entries: number
  /** Why it does not say it; tried again by the next `tick`. */
  readonly failure: string | undefined
}

/** As an audit log tells it. */
const by = 'device registry'

/**
 * Whoever publishes at the same time may have read an older state and write it last: it looks again
 * until what it wrote is what is there. A change in between each time is a change a millisecond.
 */
const looksMax = 10

/**
 * Tells the trust stores which certificates the registry refuses: a file for each part of the
 * devices, made anew where somebody of that part changed, and one change that names them all.
 */
export async function publishRefused(
  parts: readonly RemotePart[],
  target: PublishTarget,
): Promise<readonly Published[]> {
  for (let look = 0; look < looksMax; look += 1) {
    const files = await filesOf(parts, target.objects)
    const stores = await target.stores()
    const told = await Promise.all(stores.map((store) => tell(store, files)))
    const states = await Promise.all(parts.map((part) => part.refusedState()))
    if (states.every(({ written, revision }) => written === revision)) return told
  }
  throw new Error('the registry changes faster than it can be published')
}

async function filesOf(
  parts: readonly RemotePart[],
  objects: Objects,
): Promise<readonly RefusedFile[]> {
  const files = await Promise.all(parts.map((part) => fileOf(part, objects)))
  return files.filter((file) => file !== undefined)
}

/** The object comes first, then the note that it is there: what crashes in between is written again. */
async function fileOf(part: RemotePart, objects: Objects): Promise<RefusedFile | undefined> {
  const state = await part.refusedState()
  if (state.written === state.revision) return fileIn(state)
  const { revision, entries, octets } = await part.refusedContent()
  const file = entries === 0 ? undefined : await storeObject(objects, octets)
  await part.refusedWritten({ revision, file, entries })
  return fileIn({ file, entries })
}

const fileIn = ({ file, entries }: { file: string | undefined; entries: number }) =>
  file === undefined ? undefined : { file, entries }

async function tell(store: PublishedStore, files: readonly RefusedFile[]): Promise<Published> {
  const entries = files.reduce((sum, each) => sum + each.entries, 0)
  const failure = await failureToTell(store, files)
  return { store: store.name, entries, failure }
}

async function failureToTell(
  store: PublishedStore,
  files: readonly RefusedFile[],
): Promise<string | undefined> {
  try {
    const document = await store.document()
    if (document === undefined) return 'there is no such trust store'
    if (sameFiles(document.refused ?? [], files)) return undefined
    const made = await store.change({ kind: 'replace_refused', files }, by)
    return made.ok ? undefined : made.error.because
  } catch (error) {
    return String(error)
  }
}

const sameFiles = (a: readonly RefusedFile[], b: readonly RefusedFile[]): boolean =>
  a.length === b.length && a.every(({ file }, index) => file === b[index]?.file)
