import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { changed } from '#edge/trust-stores/managed/make-change.ts'
import { defaultStoreLimits } from '#edge/trust-stores/managed/document.ts'
import { objectName } from '#edge/trust-stores/managed/objects.ts'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift, type Instant } from '#shared/time.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { toPem } from '#simulator/ca/pem.ts'
import { massOf } from './stage.ts'
import { dayMs } from '../runtime/given.ts'
import { createCrl } from '../shared/crls.ts'
import { createCa } from '../shared/pki.ts'

/** What the gate holds while it takes one large list, beyond what it held before: octets. */
export interface HeldMemory {
  /** The list itself, which whoever offers it has in memory. */
  readonly list: number
  /** The most that was alive at any of the objects that it stored; what is garbage by then is not in it. */
  readonly alive: number
  readonly shards: number
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Buffers are swept beside the program: a second look finds none of the first's garbage. */
async function aliveNow(): Promise<number> {
  collect()
  await setImmediate()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

interface Offered {
  readonly now: Instant
  /** By their names: what a bucket holds, each in memory once. */
  readonly stored: ReadonlyMap<string, Bytes>
  readonly bundle: string
  readonly list: string
}

/** A CA, and a list of it with so many serials of 16 octets. */
async function offer(entries: number): Promise<Offered> {
  const now = instantFromMs(Date.now())
  const ca = await createCa({ notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs) })
  const der = await createCrl(ca, {
    thisUpdate: shift(now, -1000),
    nextUpdate: shift(now, dayMs),
    number: 1,
    entries: massOf(entries),
  })
  const pem = toUtf8(toPem('CERTIFICATE', ca.der))
  const [bundle, list] = [await objectName(pem), await objectName(der)]
  return {
    now,
    bundle,
    list,
    stored: new Map([
      [bundle, pem],
      [list, der],
    ]),
  }
}

/** Takes a list of so many serials through the gate. */
export async function takeList(entries: number): Promise<HeldMemory> {
  const { now, stored, bundle, list } = await offer(entries)
  let [most, objects] = [0, 0]
  const before = await aliveNow()
  const context = {
    objects: {
      get: async (name: string) => stored.get(name),
      // It is gone to the bucket: kept here, it would count as the gate's.
      async put() {
        objects += 1
        most = Math.max(most, await aliveNow())
      },
    },
    verifier: createWebCryptoVerifier(),
    limits: defaultStoreLimits,
    now,
    newListId: () => 1,
  }
  const made = await changed(undefined, { kind: 'replace_bundle', file: bundle }, context)
  if (!made.ok) throw new Error(made.error.because)
  const lists = [{ file: list, source: 'upload' }]
  const taken = await changed(made.value, { kind: 'add_lists', lists }, context)
  if (!taken.ok) throw new Error(taken.error.because)
  // What was made to begin with may be let go of at any time: the least counts.
  const alive = most - Math.min(before, await aliveNow())
  // All but the manifest.
  return { list: stored.get(list)?.length ?? 0, alive, shards: objects - 1 }
}

const megabytes = (octets: number): string => `${(octets / 1e6).toFixed(1)} MB`

/*
 * node test/chaos/compile-memory.ts [--entries N]
 *
 * Says what the gate holds beside a list while it compiles it.
 */
if (import.meta.main) {
  const { values } = parseArgs({ options: { entries: { type: 'string', default: '1000000' } } })
  const { list, alive, shards } = await takeList(Number(values.entries))
  console.log(`${values.entries} entries: a list of ${megabytes(list)}, ${shards} shards`)
  console.log(`alive beside it while it is compiled: at most ${megabytes(alive)}`)
}
