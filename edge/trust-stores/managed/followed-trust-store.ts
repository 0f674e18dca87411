import { createBoundedMap } from '#shared/bounded-map.ts'
import { fromBase64, toHex, type Bytes } from '#shared/bytes.ts'
import {
  openByDigest,
  type LoadedShards,
  type ShardOptions,
} from '#shared/revocation/compiled/load.ts'
import { shardsMax } from '#shared/revocation/compiled/manifest.ts'
import type { Shard } from '#shared/revocation/compiled/shard.ts'
import type { RevocationList } from '#shared/revocation/crl-signature.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { ageAt, type Clock, type Instant } from '#shared/time.ts'
import { buildTrustStore, type Limits, type TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import {
  readRefused,
  refusedBySerial,
  type RefusedRecords,
} from '../../enrollment/registry/refused-file.ts'
import { crlDer } from '../gate.ts'
import type { After } from '../../routing/deadline.ts'
import type { HeldTrustStore, TrustFileProblem } from '../held-trust-store.ts'
import { createAnchorNotes } from './anchor-notes.ts'
import { askingAgain, awayRetryMs, tryingMs } from './asking-again.ts'
import { loadCertificates } from './load-certificates.ts'
import { decodeDocument, listsInForce, type ListEntry, type StoreDocument } from './document.ts'
import { createExposure } from './exposure.ts'
import type { StoreHead } from './managed-trust-store.ts'
import { loadObject, type ObjectName, type Objects } from './objects.ts'
import { createShardLoading, type ShardLoading } from './shard-loading.ts'
import {
  createSupersededLists,
  type ListsInForce,
  type SupersededLists,
} from './superseded-lists.ts'
import { within } from './within.ts'

export interface FollowedTrustStoreOptions {
  /**
   * Asks the control plane what is in force; undefined where the store does not exist.
   *
   * @param used ids of anchors (`anchorId`) that devices came in by: told along, where there are some
   */
  readonly head: (used?: readonly string[]) => Promise<StoreHead | undefined>
  readonly objects: Objects
  readonly limits: Limits
  /** How old the answer of the control plane may be: the bound on how late a revocation is noticed. */
  readonly maxStalenessMs: number
  /** How long after its last answer the last good snapshot still decides. */
  readonly failStaticMs: number
  readonly clock: Clock
  /** Lets time pass between two tries. */
  readonly wait: (ms: number) => Promise<void>
  /** Ends waiting for what does not answer; the runtime's own timer unless told. */
  readonly after?: After
  /** Keeps the runtime alive for work that no answer waits for. */
  readonly background: (work: Promise<unknown>) => void
  readonly report: (problem: TrustFileProblem) => void
  /** Digests of shards: WebCrypto's unless the runtime has something cheaper. */
  readonly sha256?: ShardOptions['sha256']
}

interface Held {
  readonly head: StoreHead
  readonly store: TrustStore
  /** Parts by the names of their files: what has not changed is not loaded again. */
  readonly parts: Parts
  /** When the control plane was asked for this head. */
  readonly askedAt: Instant
}

interface Parts {
  readonly certificates: ReadonlyMap<ObjectName, readonly Certificate[]>
  readonly lists: ReadonlyMap<ObjectName, RevocationList>
  readonly refused: ReadonlyMap<ObjectName, readonly RefusedRecords[]>
}

/** Ten minutes: an outage is noticed and ended in that time, or a revocation waits no longer than that. */
export const failStaticMs = 10 * 60_000

/** A restart of a Durable Object takes some hundred milliseconds; so long nobody notices. */
const retryAfterMs = [50, 200, 800] as const

/** Between two tries of one object in the bucket. */
const objectRetryAfterMs = [50, 200] as const

/** An object that starts answers in some hundred milliseconds; what takes longer than this hangs. */
const headPatienceMs = 2000

/**
 * For so long after it failed, or for `maxStalenessMs` where that is longer, the control plane counts
 * as away: beyond the longest that one try of a question and the wait before it take (2.8 s), so that
 * a question that hangs is no reason to wait either. Later nobody knows, and a request waits to know.
 */
const awayKnownMs = 3000

/**
 * How long a decision waits for one shard, tries and all, before the lists that were held before decide
 * (`orByListsBefore`). By so much at most it may go beyond the bound of its snapshot's age, where the
 * bucket is slow and the shard was not asked for before.
 */
const shardPatienceMs = 2000

/**
 * The same where nothing was held before, as in an isolate that starts cold: the answer would be a
 * refusal, and what was killed is back in less. Devices wait ten seconds and more for an answer.
 */
const coldShardPatienceMs = 5000

/**
 * Octets of shards that an isolate keeps: of its 128 MB there is to be room for requests. Half of it is
 * always kept: the shards of a million serials of 16 octets.
 */
const shardOctetsMax = 48 * 1024 * 1024

type Options = Omit<FollowedTrustStoreOptions, 'head'> & {
  readonly head: () => Promise<StoreHead | undefined>
  readonly loaded: LoadedShards
  readonly shards: ShardLoading
  readonly superseded: SupersededLists
}

/**
 * One isolate's copy of a managed trust store. No decision is by a snapshot whose head was asked for
 * longer than `maxStalenessMs` ago: from half that age on it is asked for again beside the requests,
 * and in their way only where that did not come in time. Only what changed is loaded.
 *
 * While the control plane or the bucket is away the last good snapshot decides on, for
 * `failStaticMs`, and no request waits; after that there is none, and nobody is let in.
 */
export function createFollowedTrustStore(given: FollowedTrustStoreOptions): HeldTrustStore {
  const loaded = createBoundedMap<string, Shard>({ countMax: shardsMax, weightMax: shardOctetsMax })
  const notes = createAnchorNotes(given.clock)
  const exposure = createExposure()
  const { clock, maxStalenessMs, background, failStaticMs: inForceMs } = given
  const superseded = createSupersededLists({
    clock,
    failStaticMs: inForceMs,
    asked: (inForceAt) => exposure.decidedBy(inForceAt, clock.now()),
  })
  const awayMs = Math.max(awayKnownMs, maxStalenessMs)
  const options: Options = {
    ...given,
    head: () => notes.tell(given.head),
    objects: steady(given),
    loaded,
    superseded,
    shards: createShardLoading({
      ...given,
      awayKnownMs: awayMs,
      report: (because) => given.report({ name: 'trust store', version: '', because }),
    }),
  }
  let held: Held | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  let refreshingSince = Number.NEGATIVE_INFINITY
  let tryingSince = Number.NEGATIVE_INFINITY
  const isKnownAway = (now: Instant): boolean => ageAt(now, failedAt) < awayMs
  const refresh = async (): Promise<void> => {
    const wasAway = isKnownAway(clock.now())
    const next = await follow(held, options, () => {
      // The first time all tries count: an object that restarts is away for less than they take.
      if (wasAway) failedAt = clock.now()
    })
    if (next === 'gone') {
      options.report({ name: 'trust store', version: '', because: 'it does not exist (any more)' })
      held = undefined
      return
    }
    if (next === undefined) {
      failedAt = clock.now()
      return
    }
    failedAt = Number.NEGATIVE_INFINITY
    if (held !== undefined && isOlder(next, held, clock.now())) return
    exposure.adopted(held?.head, next.head, clock.now())
    held = held === undefined ? next : succeeding(held, next, superseded)
  }
  const tryBeside = (now: Instant): void => {
    if (ageAt(now, failedAt) < awayRetryMs || ageAt(now, tryingSince) < tryingMs) return
    tryingSince = now
    background(refresh().finally(() => (tryingSince = Number.NEGATIVE_INFINITY)))
  }
  const isUsable = (now: Instant): boolean =>
    held !== undefined && Math.abs(now - held.askedAt) < options.failStaticMs
  return {
    exposure: () => exposure.told(held?.askedAt, clock.now()),
    used: (anchor) => notes.used(anchor),
    async current() {
      const now = clock.now()
      const age = held === undefined ? Number.POSITIVE_INFINITY : ageAt(now, held.askedAt)
      const isAway = isUsable(now) && isKnownAway(now)
      const isHalfway =
        age >= maxStalenessMs / 2 && ageAt(now, refreshingSince) >= maxStalenessMs / 2
      if (isAway) tryBeside(now)
      else if (age >= maxStalenessMs) await refresh()
      else if (isHalfway) {
        refreshingSince = now
        background(refresh())
      }
      if (held === undefined || !isUsable(now)) return undefined
      exposure.decidedBy(held.askedAt, clock.now())
      return held.store
    },
  }
}

/** What is held once another snapshot has come. */
function succeeding(held: Held, next: Held, superseded: SupersededLists): Held {
  // Another request loaded the same meanwhile: what is held stays, with all that is remembered of it.
  if (next.head.document === held.head.document) {
    return { ...held, head: next.head, askedAt: next.askedAt }
  }
  superseded.replace(listsOf(held), listsOf(next).lists)
  return next
}

const listsOf = ({ parts, askedAt }: Held): ListsInForce => ({
  lists: [...parts.lists.values()],
  askedAt,
})

/**
 * Requests may ask side by side, and answers come in any order: no evidence is followed by older
 * evidence.
 */
function isOlder(next: Held, held: Held, now: Instant): boolean {
  if (next.head.epoch !== held.head.epoch) return next.head.epoch < held.head.epoch
  return next.askedAt < held.askedAt && held.askedAt <= now
}

/** Tries a few times. Undefined where it never went well: reported, try by try. */
async function follow(
  held: Held | undefined,
  options: Options,
  failed: () => void,
): Promise<Held | 'gone' | undefined> {
  for (const waitMs of [0, ...retryAfterMs]) {
    if (waitMs > 0) await options.wait(waitMs)
    const next = await followOnce(held, options)
    if (next !== undefined) return next
    failed()
  }
  return undefined
}

async function followOnce(
  held: Held | undefined,
  options: Options,
): Promise<Held | 'gone' | undefined> {
  const askedAt = options.clock.now()
  try {
    const head = await within(headPatienceMs, options.head(), options.after)
    if (head === undefined) return 'gone'
    if (held !== undefined && head.epoch < held.head.epoch) {
      throw new Error(`epoch ${head.epoch} was said after epoch ${held.head.epoch}`)
    }
    if (held?.head.document === head.document) return { ...held, head, askedAt }
    const loaded = { head, ...(await load(head, held?.parts, options)), askedAt }
    // A slow bucket: what was asked is too old by now, and with this much loaded the next try is quick.
    if (ageAt(options.clock.now(), askedAt) < options.maxStalenessMs) return loaded
    return await followOnce(loaded, options)
  } catch (error) {
    options.report({ name: 'trust store', version: '', because: String(error) })
    return undefined
  }
}

async function load(
  head: StoreHead,
  before: Parts | undefined,
  options: Options,
): Promise<Pick<Held, 'store' | 'parts'>> {
  const { objects, limits } = options
  const document = decodeDocument(await loadObject(objects, head.document))
  const parts = {
    certificates: await loadEach(
      certificateFiles(document).map((file) => ({ file })),
      before?.certificates,
      ({ file }) => loadCertificates(objects, file),
    ),
    lists: await loadEach(listsInForce(document), before?.lists, (entry) =>
      loadList(entry, options),
    ),
    refused: await loadEach(document.refused ?? [], before?.refused, ({ file }) =>
      loadRefused(objects, file),
    ),
  }
  const { bundle, intermediates } = document
  const store = await buildTrustStore({
    anchors: parts.certificates.get(bundle.file) ?? [],
    intermediates: parts.certificates.get(intermediates?.file ?? '') ?? [],
    crls: [...parts.lists.values()],
    revokedSerials: document.revoked.map(({ issuer, serial, since }) => ({
      issuer: derOfName(issuer),
      serial,
      since,
    })),
    revokedMany: refusedBySerial([...parts.refused.values()].flat()),
    epoch: head.epoch,
    limits,
  })
  return { store, parts }
}

const certificateFiles = ({ bundle, intermediates }: StoreDocument): readonly ObjectName[] =>
  intermediates === undefined ? [bundle.file] : [bundle.file, intermediates.file]

/** What is held already stays; the rest is loaded side by side. */
async function loadEach<Entry extends { readonly file: ObjectName }, Part>(
  entries: readonly Entry[],
  held: ReadonlyMap<ObjectName, Part> | undefined,
  loadOne: (entry: Entry) => Promise<Part>,
): Promise<ReadonlyMap<ObjectName, Part>> {
  const loaded = entries.map(
    async (entry) => [entry.file, held?.get(entry.file) ?? (await loadOne(entry))] as const,
  )
  return new Map(await Promise.all(loaded))
}

async function loadList({ file, manifest }: ListEntry, options: Options): Promise<RevocationList> {
  const { objects } = options
  if (manifest !== undefined) return openList(await loadObject(objects, manifest), options)
  const der = crlDer(await loadObject(objects, file))
  const crl = der.ok ? parseCrl(der.value) : undefined
  if (crl?.ok === true) return crl.value
  throw new Error(`the list ${file} cannot be read`)
}

async function loadRefused(objects: Objects, file: ObjectName): Promise<readonly RefusedRecords[]> {
  const read = readRefused(await loadObject(objects, file))
  if (read.ok) return read.value
  throw new Error(`the refused certificates ${file} cannot be read: ${read.error}`)
}

/** A list in its compiled form: decisions load the shards that they ask. */
function openList(
  manifest: Bytes,
  { loaded, shards, superseded, report, sha256 }: Options,
): RevocationList {
  const opened = openByDigest(manifest, {
    loaded,
    ...(sha256 && { sha256 }),
    report({ code }) {
      // One that did not come is told where it is loaded, once a try and not once a decision.
      if (code === 'shard_missing') return
      report({
        name: 'trust store',
        version: '',
        because: `a shard of a list cannot be asked: ${code}`,
      })
    },
    before: () => superseded.before(list),
    loadShard(shard) {
      const digest = list.manifest.shards[shard]?.sha256
      if (digest === undefined) return Promise.resolve(undefined)
      const patienceMs = superseded.isAlone(list) ? coldShardPatienceMs : shardPatienceMs
      return shards.load(toHex(digest), patienceMs)
    },
  })
  if (!opened.ok) throw new Error(`a manifest of a list cannot be read: ${opened.error.code}`)
  const { list } = opened.value
  return list
}

/**
 * Objects that are asked again where the bucket fails, each by itself: of many that one epoch needs,
 * one that fails would fail them all, over and over.
 */
function steady({ objects, wait }: FollowedTrustStoreOptions): Objects {
  return {
    ...objects,
    get: (name) => askingAgain(() => objects.get(name), objectRetryAfterMs, wait),
  }
}

function derOfName(base64: string): Bytes {
  const der = fromBase64(base64)
  if (der === undefined) throw new Error('an issuer of a revoked serial is not base64')
  return der
}
