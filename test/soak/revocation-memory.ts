import { parseArgs } from 'node:util'
import { instantFromMs, shift } from '#shared/time.ts'
import type { Bytes } from '#shared/bytes.ts'
import { bundleOf, massOf, massSerial, startPlane, type Plane } from '../chaos/stage.ts'
import { cfOf, dayMs } from '../runtime/given.ts'
import { createCrl, entry, type CrlOverrides } from '../shared/crls.ts'
import { newKeys } from '../shared/keys.ts'
import { createCa, extension, issue, issueCa, type Entity } from '../shared/pki.ts'
import { integer } from '../shared/der/writer.ts'
import { openIsolateHeap, sumOf, type HeapUse, type IsolateHeap } from './isolate-heap.ts'

/** One look at an isolate. */
export interface HeapLook {
  readonly isolate: 'control plane' | 'edge worker'
  readonly at: string
  /** The most while it was done; otherwise what was alive when it was done. */
  readonly kind: 'most' | 'alive'
  readonly use: HeapUse
}

/** Between two looks while something is done: a compile gives way once for each shard. */
const lookEveryMs = 20
/** Entries of a shard: one device in each stretch of so many is asked about, and all shards are loaded. */
const shardEntries = 16_384
const deltaEntries = 1000

/**
 * A trust store takes a list of so many serials of sixteen octets, a delta, and the next list, and an
 * edge worker decides by each, in workerd: what the isolates of both hold.
 */
export async function* lookAtHeaps(entries: number): AsyncGenerator<HeapLook> {
  const plane = await startPlane({ edge: { MAX_STALENESS: '0s' } }, { hasInspector: true })
  const inspector = await plane.inspector()
  const control = await openIsolateHeap(inspector, 'control')
  const edge = await openIsolateHeap(inspector, 'edge')
  const controlled = (at: string, work: () => Promise<unknown>) =>
    looked('control plane', control, at, work)
  const decided = (at: string, work: () => Promise<unknown>) =>
    looked('edge worker', edge, at, work)
  try {
    const world = await createWorld(plane, entries)
    const all = world.listed.length
    const expect = (devices: number) => expectRevoked(plane, world, devices)
    yield* controlled('a store with a list of one', () => publish(plane, world, { number: 6 }, []))
    yield* decided('its first decision', async () => plane.probe('edge', world.listed.slice(0, 1)))
    yield* controlled('the list is taken', () => publish(plane, world, { number: 7 }))
    yield* decided('its first decision by the list', () => expect(1))
    yield* decided('every shard is asked', () => expect(all))
    yield* controlled('a delta is taken', () => publishDelta(plane, world))
    yield* decided('by the delta, every shard asked', () => expect(all))
    yield* controlled('the next list is taken', () =>
      publish(plane, world, { number: 9, removing: [3, 4] }),
    )
    yield* decided('by the next list, every shard asked', () => expect(all))
  } finally {
    control.close()
    edge.close()
    await plane.close()
  }
}

async function* looked(
  isolate: HeapLook['isolate'],
  heap: IsolateHeap,
  at: string,
  work: () => Promise<unknown>,
): AsyncGenerator<HeapLook> {
  yield { isolate, at, kind: 'most', use: await heap.most(lookEveryMs, work) }
  yield { isolate, at, kind: 'alive', use: await heap.alive() }
}

interface World {
  readonly issuing: Entity
  /** Devices that the list names, one of each shard, as `request.cf`. */
  readonly listed: readonly object[]
  readonly times: CrlOverrides
  readonly mass: readonly Bytes[]
}

async function createWorld(plane: Plane, entries: number): Promise<World> {
  const now = instantFromMs(Date.now())
  const validity = { notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs) }
  const root = await createCa({ subject: 'Root', ...validity })
  const issuing = await issueCa(root, { subject: 'Issuing', serial: [0x11], ...validity })
  const keys = await newKeys()
  const nths = Array.from({ length: Math.ceil(entries / shardEntries) }, (_, at) =>
    Math.min(at * shardEntries, entries - 1),
  )
  const listed = await Promise.all(
    nths.map(async (nth) => {
      const { der } = await issue(issuing, { serial: massSerial(nth), keys, ...validity })
      return cfOf(der, issuing.der)
    }),
  )
  const times = { thisUpdate: shift(now, -60_000), nextUpdate: shift(now, dayMs) }
  const bundle = await plane.file(bundleOf(root))
  await plane.api('POST', '/trust-stores', { name: 'cars', bundle })
  const file = await plane.file(bundleOf(issuing))
  await plane.change({ kind: 'replace_intermediates', file })
  await add(plane, await plane.file(await createCrl(root, times)))
  return { issuing, listed, times, mass: massOf(entries) }
}

/** In one step with removing those before: lists count in the quota until they are removed. */
async function add(plane: Plane, file: string, removing: readonly number[] = []): Promise<void> {
  const answer = await plane.change({ kind: 'add_lists', lists: [{ file }], removing })
  if (answer.status !== 200) throw new Error(`a list was not taken: ${JSON.stringify(answer)}`)
}

interface Published {
  readonly number: number
  /** Ids of the lists that it takes the place of. */
  readonly removing?: readonly number[]
}

async function publish(
  plane: Plane,
  { issuing, times, mass }: World,
  { number, removing }: Published,
  listed: readonly Bytes[] = mass,
): Promise<void> {
  const entries = [...listed, ...Array.from({ length: number }, (_, at) => entry([9, at]))]
  const der = await createCrl(issuing, { ...times, number, entries })
  await add(plane, await plane.file(der), removing)
}

async function publishDelta(plane: Plane, { issuing, times }: World): Promise<void> {
  const extensions = { base: extension('2.5.29.27', integer(7), 'critical') }
  const entries = massOf(deltaEntries)
  const der = await createCrl(issuing, { ...times, number: 8, entries, extensions })
  await add(plane, await plane.file(der))
}

async function expectRevoked(plane: Plane, { listed }: World, devices: number): Promise<void> {
  const answers = await plane.probe('edge', listed.slice(0, devices))
  const other = answers.find((answer) => answer !== 'revoked')
  if (other !== undefined) throw new Error(`a device that is listed: ${other}`)
}

const megabytes = (octets: number): string => `${(octets / 1e6).toFixed(1)} MB`

function lookText({ isolate, at, kind, use }: HeapLook): string {
  const parts = `objects ${megabytes(use.used)}, buffers ${megabytes(use.backing)}`
  return `${isolate}, ${at}: ${kind} ${megabytes(sumOf(use))} (${parts})`
}

const help = `node test/soak/revocation-memory.ts [--entries 1000000]

Says what the isolates of a control plane and of an edge worker in workerd hold, by V8's own count, while
a list of so many revoked certificates, a delta and the next list are taken and asked about. A Worker
may hold 128 MB.
`

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      entries: { type: 'string', default: '1000000' },
      help: { type: 'boolean', default: false },
    },
  })
  const entries = Number(values.entries)
  if (values.help) process.stdout.write(help)
  else if (!Number.isInteger(entries) || entries < 40_000 || entries > 1_500_000) {
    console.error('--entries: expected a whole number from 40000 to 1500000')
    process.exitCode = 2
  } else for await (const look of lookAtHeaps(entries)) console.log(lookText(look))
}
