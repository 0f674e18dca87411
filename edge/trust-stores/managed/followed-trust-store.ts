import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import type { Clock, Instant } from '#shared/time.ts'
import { buildTrustStore, type Limits, type TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { crlDer } from '../gate.ts'
import type { HeldTrustStore, TrustFileProblem } from '../held-trust-store.ts'
import { loadCertificates } from './changes.ts'
import { decodeDocument, listsInForce, type StoreDocument } from './document.ts'
import type { StoreHead } from './managed-trust-store.ts'
import { loadObject, type ObjectName, type Objects } from './objects.ts'

export interface FollowedTrustStoreOptions {
  /** Asks the control plane what is in force; undefined where the store does not exist. */
  readonly head: () => Promise<StoreHead | undefined>
  readonly objects: Objects
  readonly limits: Limits
  /** How old the answer of the control plane may be: the bound on how late a revocation is noticed. */
  readonly maxStalenessMs: number
  /** How long after its last answer the last good snapshot still decides. */
  readonly failStaticMs: number
  readonly clock: Clock
  /** Lets time pass between two tries. */
  readonly wait: (ms: number) => Promise<void>
  /** Keeps the runtime alive for work that no answer waits for. */
  readonly background: (work: Promise<unknown>) => void
  readonly report: (problem: TrustFileProblem) => void
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
  readonly lists: ReadonlyMap<ObjectName, Crl>
}

/** A restart of a Durable Object takes some hundred milliseconds; so long nobody notices. */
const retryAfterMs = [50, 200, 800] as const

/**
 * One isolate's copy of a managed trust store. No decision is by a snapshot whose head was asked for
 * longer than `maxStalenessMs` ago: from half that age on it is asked for again beside the requests,
 * and in their way only where that did not come in time. Only what changed is loaded.
 *
 * While the control plane or the bucket is away the last good snapshot decides on, for
 * `failStaticMs`; after that there is none, and nobody is let in.
 */
export function createFollowedTrustStore(options: FollowedTrustStoreOptions): HeldTrustStore {
  const { clock, maxStalenessMs, failStaticMs, background } = options
  let held: Held | undefined
  let refreshingSince = Number.NEGATIVE_INFINITY
  const refresh = async (): Promise<void> => {
    const next = await follow(held, options)
    if (next === 'gone') {
      options.report({ name: 'trust store', version: '', because: 'it does not exist (any more)' })
      held = undefined
      return
    }
    // Requests may ask side by side: the later question's answer stays, so that no evidence is
    // followed by older evidence.
    if (next !== undefined && next.askedAt >= (held?.askedAt ?? next.askedAt)) held = next
  }
  return {
    async current() {
      const now = clock.now()
      const age = held === undefined ? Number.POSITIVE_INFINITY : now - held.askedAt
      if (age >= maxStalenessMs) await refresh()
      else if (age >= maxStalenessMs / 2 && now - refreshingSince >= maxStalenessMs) {
        refreshingSince = now
        background(refresh())
      }
      return held !== undefined && now - held.askedAt < failStaticMs ? held.store : undefined
    },
  }
}

/** Tries a few times. Undefined where it never went well: reported, try by try. */
async function follow(
  held: Held | undefined,
  options: FollowedTrustStoreOptions,
): Promise<Held | 'gone' | undefined> {
  for (const waitMs of [0, ...retryAfterMs]) {
    if (waitMs > 0) await options.wait(waitMs)
    const next = await followOnce(held, options)
    if (next !== undefined) return next
  }
  return undefined
}

async function followOnce(
  held: Held | undefined,
  options: FollowedTrustStoreOptions,
): Promise<Held | 'gone' | undefined> {
  const askedAt = options.clock.now()
  try {
    const head = await options.head()
    if (head === undefined) return 'gone'
    if (held !== undefined && head.epoch < held.head.epoch) {
      throw new Error(`epoch ${head.epoch} was said after epoch ${held.head.epoch}`)
    }
    if (held?.head.document === head.document) return { ...held, head, askedAt }
    const loaded = { head, ...(await load(head, held?.parts, options)), askedAt }
    // A slow bucket: what was asked is too old by now, and with this much loaded the next try is quick.
    if (options.clock.now() - askedAt < options.maxStalenessMs) return loaded
    return await followOnce(loaded, options)
  } catch (error) {
    options.report({ name: 'trust store', version: '', because: String(error) })
    return undefined
  }
}

async function load(
  head: StoreHead,
  before: Parts | undefined,
  { objects, limits }: FollowedTrustStoreOptions,
): Promise<Pick<Held, 'store' | 'parts'>> {
  const document = decodeDocument(await loadObject(objects, head.document))
  const parts = {
    certificates: await loadEach(certificateFiles(document), before?.certificates, (file) =>
      loadCertificates(objects, file),
    ),
    lists: await loadEach(
      listsInForce(document).map(({ file }) => file),
      before?.lists,
      (file) => loadList(objects, file),
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
    epoch: head.epoch,
    limits,
  })
  return { store, parts }
}

const certificateFiles = ({ bundle, intermediates }: StoreDocument): readonly ObjectName[] =>
  intermediates === undefined ? [bundle.file] : [bundle.file, intermediates.file]

/** What is held already stays; the rest is loaded side by side. */
async function loadEach<Part>(
  files: readonly ObjectName[],
  held: ReadonlyMap<ObjectName, Part> | undefined,
  loadOne: (file: ObjectName) => Promise<Part>,
): Promise<ReadonlyMap<ObjectName, Part>> {
  const loaded = files.map(
    async (file) => [file, held?.get(file) ?? (await loadOne(file))] as const,
  )
  return new Map(await Promise.all(loaded))
}

async function loadList(objects: Objects, file: ObjectName): Promise<Crl> {
  const der = crlDer(await loadObject(objects, file))
  const crl = der.ok ? parseCrl(der.value) : undefined
  if (crl?.ok === true) return crl.value
  throw new Error(`the list ${file} cannot be read`)
}

function derOfName(base64: string): Bytes {
  const der = fromBase64(base64)
  if (der === undefined) throw new Error('an issuer of a revoked serial is not base64')
  return der
}
