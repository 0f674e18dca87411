import { err, ok, type Result } from '#shared/result.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { instantFromMs, shift, type Instant } from '#shared/time.ts'
import { tellFindings, type AlarmOptions } from '../findings/alarms.ts'
import type { Finding } from '../findings/finding.ts'
import { findingsOf, type Inspected } from '../findings/findings.ts'
import { nextHorizon } from '../findings/list-findings.ts'
import { nameText } from '../findings/name-text.ts'
import { crlDer } from '../gate.ts'
import { askSources, nextDue, type AskingOptions } from '../sources/ask-sources.ts'
import { publishedAddresses } from '../sources/discover.ts'
import {
  addSource,
  makeDue,
  removeSource,
  shownSource,
  sourceById,
  sourceNotFound,
  sourcesOf,
} from '../sources/source-rows.ts'
import type { NewSource, Source, SourceRefusal } from '../sources/source.ts'
import { anchorsOf, lookedAtAnchors, noteAnchors, type AnchorUse } from './anchor-use.ts'
import { loadCertificates } from './load-certificates.ts'
import { listsInForce, type StoreDocument, type StoreLimits } from './document.ts'
import { quotasOf } from './quotas.ts'
import { loadObject, type Objects } from './objects.ts'

/** What becomes of the addresses that a store's own files name. */
export interface Discovered {
  readonly added: readonly Source[]
  /** Known already, or none to fetch from. */
  readonly passed: readonly { readonly location: string; readonly because: string }[]
}

/** An anchor of a store by its name, and what is known of its use. */
export interface NamedAnchorUse extends AnchorUse {
  readonly subject: string
}

/** What goes on around a managed trust store by itself: sources are asked, faults are found and told. */
export interface WatchedTrustStore {
  /** Without what may be a secret in their addresses. */
  sources(): readonly Source[]
  addSource(wanted: NewSource, by: string): Result<Source, SourceRefusal>
  removeSource(id: number, by: string): Result<Source, SourceRefusal>
  /** Takes over as sources what the files of the store say of where lists are published. */
  discoverSources(by: string): Promise<Result<Discovered, SourceRefusal>>
  /** Asks a source now. */
  askSource(id: number): Promise<Result<Source, SourceRefusal>>
  /** Takes down that devices came in by anchors of these keys (`anchorId`). */
  noteAnchors(ids: readonly string[]): void
  /** The anchors in force, by whom devices come in; none where there is no store. */
  anchors(): Promise<readonly NamedAnchorUse[]>
  /** At this moment; none where there is no store. */
  findings(): Promise<readonly Finding[]>
  /**
   * Asks the sources that are due, looks at the store, tells what is new. Undefined where there is
   * no store to look after; otherwise when it is to be called again.
   */
  tick(): Promise<Instant | undefined>
}

export interface WatchOptions extends AskingOptions {
  readonly limits: StoreLimits
  /** For so long nobody may come in by an anchor. */
  readonly unusedAfterMs: number
  readonly alarms: Omit<AlarmOptions, 'sql'>
}

/** A quarter of an hour, for what no horizon foretells: 3,000 calls a month. */
export const lookEveryMs = 15 * 60_000

/** Lists that live for seconds, or a thousand of them, do not keep it awake. */
const horizonsApartMs = 60_000

/** Of the audit log: what was refused before so many changes is history. */
const auditLookedAt = 100

/** Looks after the trust store in a database that `openManagedTrustStore` has migrated. */
export function watchTrustStore(options: WatchOptions): WatchedTrustStore {
  const { sql, clock, ports, alarms } = options
  const added = (wanted: NewSource, by: string): Result<Source, SourceRefusal> => {
    const source = addSource(sql, wanted, {
      name: by,
      at: clock.now(),
      openHosts: ports.openHosts,
    })
    return source.ok ? ok(shownSource(source.value)) : source
  }
  return {
    sources: () => sourcesOf(sql).map(shownSource),
    addSource: added,
    removeSource(id, by) {
      const source = removeSource(sql, id, { name: by, at: clock.now() })
      return source.ok ? ok(shownSource(source.value)) : source
    },
    discoverSources: (by) => discover(options, (wanted) => added(wanted, by)),
    askSource: (id) => askNow(id, options),
    noteAnchors: (ids) => noteAnchors(sql, ids, clock.now()),
    anchors: () => namedAnchors(options),
    async findings() {
      const inspected = await inspect(options)
      return inspected === undefined ? [] : findingsOf(inspected, clock.now())
    },
    async tick() {
      await askSources(options)
      const inspected = await inspect(options)
      if (inspected === undefined) return undefined
      const now = clock.now()
      await lookedAtAnchors(sql, inspected.anchors, now)
      await tellFindings(findingsOf(inspected, now), now, { sql, ...alarms })
      return nextTick(inspected, options)
    },
  }
}

/** When a source is due, a list comes to a horizon, or it is time to look again anyway. */
function nextTick({ document }: Inspected, { sql, clock }: WatchOptions): Instant {
  const now = clock.now()
  const due = nextDue(sql) ?? Number.POSITIVE_INFINITY
  const horizon = nextHorizon(document, now) ?? Number.POSITIVE_INFINITY
  const next = Math.min(shift(now, lookEveryMs), due, Math.max(horizon, now + horizonsApartMs))
  return instantFromMs(next)
}

async function discover(
  { store, objects }: WatchOptions,
  add: (wanted: NewSource) => Result<Source, SourceRefusal>,
): Promise<Result<Discovered, SourceRefusal>> {
  const document = await store.document()
  if (document === undefined) {
    return err({ code: 'store_not_found', because: 'there is no trust store to look into' })
  }
  const { anchors, intermediates } = await casOf(document, objects)
  const sources: Source[] = []
  const passed: { readonly location: string; readonly because: string }[] = []
  for (const location of publishedAddresses([...anchors, ...intermediates], document)) {
    const source = add({ kind: 'url', location })
    if (source.ok) sources.push(source.value)
    else passed.push({ location, because: source.error.because })
  }
  return ok({ added: sources, passed })
}

async function askNow(id: number, options: WatchOptions): Promise<Result<Source, SourceRefusal>> {
  const { sql, clock, store } = options
  if (sourceById(sql, id) === undefined) return err(sourceNotFound(id))
  if (store.head() === undefined) {
    return err({ code: 'store_not_found', because: 'a store without a bundle takes no list' })
  }
  makeDue(sql, id, clock.now())
  await askSources(options, id)
  const source = sourceById(sql, id)
  return source === undefined ? err(sourceNotFound(id)) : ok(shownSource(source))
}

async function namedAnchors({
  store,
  objects,
  sql,
  clock,
}: WatchOptions): Promise<readonly NamedAnchorUse[]> {
  const document = await store.document()
  if (document === undefined) return []
  const anchors = await loadCertificates(objects, document.bundle.file)
  const uses = await anchorsOf(sql, anchors, clock.now())
  return uses.map((use, index) => ({
    ...use,
    subject: nameText(anchors[index]?.subject ?? new Uint8Array()),
  }))
}

/** Undefined where there is no store. */
async function inspect(options: WatchOptions): Promise<Inspected | undefined> {
  const { sql, store, objects, limits, clock, unusedAfterMs } = options
  const document = await store.document()
  if (document === undefined) return undefined
  const cas = await casOf(document, objects)
  return {
    document,
    limits: quotasOf(sql, limits),
    ...cas,
    anchorUse: await anchorsOf(sql, cas.anchors, clock.now()),
    unusedAfterMs,
    deltaBases: await basesOfDeltas(document, objects),
    sources: sourcesOf(sql),
    audit: store.audit({ limit: auditLookedAt }),
  }
}

async function casOf(
  { bundle, intermediates }: StoreDocument,
  objects: Objects,
): Promise<Pick<Inspected, 'anchors' | 'intermediates'>> {
  return {
    anchors: await loadCertificates(objects, bundle.file),
    intermediates:
      intermediates === undefined ? [] : await loadCertificates(objects, intermediates.file),
  }
}

/** One after the other: deltas are small, and complete lists are not read at all. */
async function basesOfDeltas(
  document: StoreDocument,
  objects: Objects,
): Promise<ReadonlyMap<number, bigint>> {
  const bases = new Map<number, bigint>()
  for (const { id, file, kind } of listsInForce(document)) {
    if (kind === 'complete') continue
    const der = crlDer(await loadObject(objects, file))
    const crl = der.ok ? parseCrl(der.value) : undefined
    if (crl?.ok === true && crl.value.deltaBase !== undefined) bases.set(id, crl.value.deltaBase)
  }
  return bases
}
