import type { Hono } from 'hono'
import { createApp } from '#edge/app.ts'
import { readListener } from '#edge/config.ts'
import type { AppEnv, Ports } from '#edge/context.ts'
import type { Listener } from '#edge/listener.ts'
import { createMetrics } from '#edge/observe/metrics.ts'
import {
  createHeldTrustStore,
  type HeldTrustStore,
  type TrustFileProblem,
} from '#edge/trust-stores/held-trust-store.ts'
import type { TrustFile, TrustFiles } from '#edge/trust-stores/trust-files.ts'
import type { ListenerVariables } from '#edge/variables.ts'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { createCaches } from '#shared/caches.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { instantFromIso, shift, type Clock, type Instant } from '#shared/time.ts'
import { defaultLimits } from '#shared/trust-store/trust-store.ts'
import { createRememberingVerifier } from '#shared/x509/remembering-verifier.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { dayMs } from '../runtime/given.ts'

export const start = instantFromIso('2027-01-01T00:00:00Z')
export const staleMs = 5000

/** Time as a test sets it. */
export interface SetClock extends Clock {
  set(at: Instant): void
  advance(ms: number): void
}

export function setClock(at: Instant = start): SetClock {
  let now = at
  return {
    now: () => now,
    set: (next) => {
      now = next
    },
    advance: (ms) => {
      now = shift(now, ms)
    },
  }
}

/** A trust store's bucket in memory, that can be made to fail. */
export interface Bucket extends TrustFiles {
  /** Every write is a new version, with the same octets too. */
  put(name: string, octets: Bytes): void
  remove(name: string): void
  /** What does not answer from now on. */
  fails: 'nothing' | 'listing' | 'reading'
  /** How often it was listed. */
  readonly listings: number
  readonly reads: readonly string[]
}

export function memoryBucket(): Bucket {
  const files = new Map<string, TrustFile & { readonly octets: Bytes }>()
  const reads: string[] = []
  let listings = 0
  let writes = 0
  return {
    fails: 'nothing',
    get listings() {
      return listings
    },
    reads,
    put(name, octets) {
      writes += 1
      files.set(name, { name, octets, version: `v${writes}`, writtenAt: start + writes })
    },
    remove: (name) => void files.delete(name),
    async list() {
      listings += 1
      if (this.fails === 'listing') throw new Error('the bucket is away')
      return [...files.values()].map(({ name, version, writtenAt }) => ({
        name,
        version,
        writtenAt,
      }))
    },
    async read(name) {
      reads.push(name)
      if (this.fails === 'reading') throw new Error('the object is away')
      return files.get(name)?.octets
    },
  }
}

/** An authority, a device of it, and the bucket in which its anchors and lists lie. */
export interface Pki {
  readonly authority: Authority
  readonly bucket: Bucket
  issue(device: string, days?: number): Promise<DeviceCredential>
  /** A list of each issuer into the bucket. */
  publish(at: Instant, nextUpdateMs?: number): Promise<void>
}

export async function createPki(): Promise<Pki> {
  const authority = await createAuthority({
    seed: 7,
    start,
    intermediates: 1,
    ledger: new Ledger(),
  })
  const bucket = memoryBucket()
  bucket.put('anchors.pem', toUtf8(authority.anchorsPem))
  const pki: Pki = {
    authority,
    bucket,
    issue: (device, days = 30) =>
      authority.issue({
        device,
        kind: 'car',
        notBefore: start,
        notAfter: shift(start, days * dayMs),
        at: start,
      }),
    async publish(at, nextUpdateMs = 90 * dayMs) {
      const crls = await authority.crls(at, nextUpdateMs)
      for (const { name, der } of crls) bucket.put(`crl/${name}`, der)
    },
  }
  await pki.publish(start)
  return pki
}

const verifier = createRememberingVerifier(createWebCryptoVerifier())

export function heldOf(
  files: TrustFiles,
  clock: Clock,
  problems: TrustFileProblem[] = [],
): HeldTrustStore {
  return createHeldTrustStore({
    files,
    limits: defaultLimits,
    maxStalenessMs: staleMs,
    clock,
    verifier,
    report: (problem) => void problems.push(problem),
  })
}

export async function listenerOf(variables: ListenerVariables): Promise<Listener> {
  const read = await readListener(variables)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value
}

/** The edge app as one listener, and what it sent to the target behind it. */
export interface Stage {
  readonly app: Hono<AppEnv>
  readonly clock: SetClock
  readonly problems: TrustFileProblem[]
  readonly forwarded: Request[]
  /** Of the connection log. */
  readonly lines: string[]
}

export interface StageOptions {
  readonly variables: ListenerVariables
  readonly target?: Ports['target']
  readonly mqtt?: Ports['mqtt']
  /** In place of the one over the bucket. */
  readonly trustStore?: (clock: Clock) => HeldTrustStore
  readonly addressAtTarget?: Ports['addressAtTarget']
  readonly openTarget?: Ports['openTarget']
  readonly after?: Ports['after']
  readonly analytics?: Ports['analytics']
}

export async function createStage(
  { bucket }: Pick<Pki, 'bucket'>,
  { variables, ...ports }: StageOptions,
): Promise<Stage> {
  const clock = setClock()
  const problems: TrustFileProblem[] = []
  const forwarded: Request[] = []
  const lines: string[] = []
  const answer = async (request: Request): Promise<Response> => {
    forwarded.push(request)
    return new Response('from the target', { headers: { 'set-cookie': 'theirs=1' } })
  }
  const app = createApp(await listenerOf(variables), {
    clock,
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    verifier,
    crls: createAuthenticatedCrls(verifier),
    caches: createCaches(),
    trustStore: ports.trustStore?.(clock) ?? heldOf(bucket, clock, problems),
    log: (line) => void lines.push(line),
    metrics: createMetrics(),
    target: 'target' in ports ? ports.target : answer,
    mqtt: ports.mqtt,
    addressAtTarget: ports.addressAtTarget,
    openTarget: ports.openTarget,
    after: ports.after,
    analytics: ports.analytics,
  })
  return { app, clock, problems, forwarded, lines }
}

/** A request as the Workers runtime hands it over: with facts that no header holds. */
export function requestOf(
  cf: object | undefined,
  headers: Readonly<Record<string, string>> = {},
  path = '/telemetry',
): Request {
  const request = new Request(`https://edge.example${path}`, { headers })
  return Object.defineProperty(request, 'cf', { value: cf })
}

/** Code of a problem document. */
export async function codeOf(response: Response): Promise<unknown> {
  const body = (await response.json()) as { readonly code?: unknown }
  return body.code
}
