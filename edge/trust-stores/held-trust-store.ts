import type { Bytes } from '#shared/bytes.ts'
import type { Soon } from '#shared/soon.ts'
import { ageAt, type Clock, type Instant } from '#shared/time.ts'
import {
  buildTrustStore,
  type Limits,
  type TrustAnchor,
  type TrustStore,
} from '#shared/trust-store/trust-store.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Exposure } from './managed/exposure.ts'
import {
  isShrinkWord,
  isTrustFileName,
  readTrustPart,
  shrinkWordName,
  type TrustPart,
} from './gate.ts'
import type { TrustFile, TrustFiles } from './trust-files.ts'

/** A file that was not taken; the version held before it stays in force. */
export interface TrustFileProblem {
  readonly name: string
  readonly version: string
  readonly because: string
}

/** The trust store of one isolate. */
export interface HeldTrustStore {
  /** The snapshot to decide by, at most `maxStalenessMs` old; undefined where none was ever complete. */
  current(): Soon<TrustStore | undefined>
  /** Of a store that is followed: how late this isolate knows what is in force. */
  readonly exposure?: () => Exposure
  /** Of a store that is followed: takes note of an anchor that a device came in by. */
  readonly used?: (anchor: TrustAnchor) => void
}

export interface HeldTrustStoreOptions {
  readonly files: TrustFiles
  readonly limits: Limits
  /** How long the bucket may go unasked: the bound on how late a revocation is noticed. */
  readonly maxStalenessMs: number
  readonly clock: Clock
  /** For the signatures of revocation lists. */
  readonly verifier: SignatureVerifier
  readonly report: (problem: TrustFileProblem) => void
}

interface HeldFile {
  readonly version: string
  readonly part: TrustPart
}

interface Held {
  readonly store: TrustStore
  readonly files: ReadonlyMap<string, HeldFile>
  /** Versions as last listed, refused ones included, so that each is read once. */
  readonly listed: string
  readonly askedAt: Instant
}

/**
 * Holds a snapshot in memory and asks the bucket for changes at most every `maxStalenessMs`. Files
 * are taken one by one through the gate; one that is refused, or has vanished, leaves the version
 * held before it. A bucket that does not answer leaves everything.
 */
export function createHeldTrustStore(options: HeldTrustStoreOptions): HeldTrustStore {
  let held: Held | undefined
  let heldOrdinal = 0
  let asked = 0
  const asking = async (now: Instant): Promise<TrustStore | undefined> => {
    const ordinal = (asked += 1)
    const next = await refresh(held, now, options)
    // Requests may ask side by side: the answer to the later question stays, so that no
    // evidence is followed by older evidence.
    if (next !== undefined && ordinal > heldOrdinal) {
      held = next
      heldOrdinal = ordinal
    }
    return held?.store
  }
  return {
    current() {
      const now = options.clock.now()
      if (held !== undefined && ageAt(now, held.askedAt) < options.maxStalenessMs) return held.store
      return asking(now)
    },
  }
}

async function refresh(
  held: Held | undefined,
  now: Instant,
  options: HeldTrustStoreOptions,
): Promise<Held | undefined> {
  const listing = await listFiles(options)
  if (listing === undefined) return undefined
  const listed = listing.map(({ name, version }) => `${name} ${version}`).join('\n')
  if (held?.listed === listed) return { ...held, askedAt: now }
  reportVanished(held, listing, options)
  const { files, complete } = await takeFiles(held, listing, options)
  const store = await storeOf(files, listing, options.limits)
  if (store === undefined) {
    options.report({ name: 'anchors.pem', version: '', because: 'no trust anchor is at hand' })
    return undefined
  }
  return { store, files, listed: complete ? listed : 'read again', askedAt: now }
}

/** Undefined where the bucket does not answer: reported, and the last good snapshot stays. */
async function listFiles(
  options: HeldTrustStoreOptions,
): Promise<readonly TrustFile[] | undefined> {
  try {
    return (await options.files.list()).filter(({ name }) => isTrustFileName(name))
  } catch (error) {
    options.report({ name: '(listing)', version: '', because: String(error) })
    return undefined
  }
}

/** A file that is listed no longer: told once, for the next listing is compared with this one. */
function reportVanished(
  held: Held | undefined,
  listing: readonly TrustFile[],
  { report }: HeldTrustStoreOptions,
): void {
  const names = new Set(listing.map(({ name }) => name))
  for (const [name, { version }] of held?.files ?? []) {
    if (!names.has(name)) report({ name, version, because: 'it has vanished' })
  }
}

interface Taken {
  readonly files: ReadonlyMap<string, HeldFile>
  /** Whether every file could be read, were it only to refuse it; if not, they are read again. */
  readonly complete: boolean
}

async function takeFiles(
  held: Held | undefined,
  listing: readonly TrustFile[],
  options: HeldTrustStoreOptions,
): Promise<Taken> {
  // Starts from what is held: a vanished file is a failed update, and never an empty list.
  const files = new Map(held?.files)
  let complete = true
  for (const { name, version } of certificatesFirst(listing)) {
    const before = files.get(name)
    if (before?.version === version) continue
    const octets = await readFile(name, version, options)
    complete &&= octets !== undefined
    if (octets === undefined) continue
    const shrinkWord = await readShrinkWord(name, listing, options)
    const issuers = issuersOf(files)
    const known = { held: before?.part, issuers, verifier: options.verifier, shrinkWord }
    const part = await readTrustPart(name, octets, known)
    if (part.ok) files.set(name, { version, part: part.value })
    else options.report({ name, version, because: part.error })
  }
  return { files, complete }
}

/** A list is judged by the issuers that were published with it. Words about lists are no parts. */
function certificatesFirst(listing: readonly TrustFile[]): readonly TrustFile[] {
  const parts = listing.filter(({ name }) => !isShrinkWord(name))
  return [...parts.filter((file) => !isCrl(file)), ...parts.filter(isCrl)]
}

const isCrl = ({ name }: TrustFile): boolean => name.startsWith('crl/')

/** The operator's word on one list, where its file is listed and can be read. */
async function readShrinkWord(
  name: string,
  listing: readonly TrustFile[],
  options: HeldTrustStoreOptions,
): Promise<string | undefined> {
  const word = listing.find((file) => file.name === shrinkWordName(name))
  const octets = word && (await readFile(word.name, word.version, options))
  return octets && new TextDecoder().decode(octets)
}

function issuersOf(files: ReadonlyMap<string, HeldFile>): Certificate[] {
  return [...files.values()].flatMap(({ part }) => (part.kind === 'crl' ? [] : part.certificates))
}

/** Undefined where the bucket does not give it up: reported. */
async function readFile(
  name: string,
  version: string,
  { files, report }: HeldTrustStoreOptions,
): Promise<Bytes | undefined> {
  try {
    const octets = await files.read(name)
    if (octets === undefined) report({ name, version, because: 'it is listed and cannot be read' })
    return octets
  } catch (error) {
    report({ name, version, because: String(error) })
    return undefined
  }
}

/** Undefined without anchors: there is nothing to decide by. */
async function storeOf(
  files: ReadonlyMap<string, HeldFile>,
  listing: readonly TrustFile[],
  limits: Limits,
): Promise<TrustStore | undefined> {
  const parts = [...files.values()].map(({ part }) => part)
  const of = (kind: 'anchors' | 'intermediates') =>
    parts.flatMap((part) => (part.kind === kind ? part.certificates : []))
  const anchors = of('anchors')
  if (anchors.length === 0) return undefined
  return buildTrustStore({
    anchors,
    intermediates: of('intermediates'),
    crls: parts.flatMap((part) => (part.kind === 'crl' ? [part.crl] : [])),
    epoch: Math.max(0, ...listing.map(({ writtenAt }) => writtenAt)),
    limits,
  })
}
