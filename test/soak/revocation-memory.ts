import { parseArgs } from 'node:util'
import { createLargeListWorld } from '../chaos/large-list-world.ts'
import { startPlane } from '../chaos/stage.ts'
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
    const { listed, publish, publishDelta, expectRevoked } = await createLargeListWorld(
      plane,
      entries,
    )
    const expect = (devices: number) => expectRevoked('edge', devices)
    const all = listed.length
    yield* controlled('a store with a list of six', () => publish({ number: 6, isSmall: true }))
    yield* decided('its first decision', () => plane.probe('edge', listed.slice(0, 1)))
    yield* controlled('the list is taken', () => publish({ number: 7 }))
    yield* decided('its first decision by the list', () => expect(1))
    yield* decided('every shard is asked', () => expect(all))
    yield* controlled('a delta is taken', () => publishDelta(7, 8))
    yield* decided('by the delta, every shard asked', () => expect(all))
    yield* controlled('the next list is taken', () => publish({ number: 9, removing: [3, 4] }))
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
