import { readFileSync } from 'node:fs'
import type { Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { bundleOf, massOf, massSerial, startPlane, type Plane } from '../../test/chaos/stage.ts'
import { cfOf, dayMs } from '../../test/runtime/given.ts'
import { createCrl, entry, type CrlOverrides } from '../../test/shared/crls.ts'
import { integer } from '../../test/shared/der/writer.ts'
import { createCa, extension, issue, issueCa, type Entity } from '../../test/shared/pki.ts'
import type { Bench } from '../bench.ts'
import { figureOf, type Figure } from '../measure.ts'

const million = 1_000_000
/** Entries of the delta: a day's revocations of a large fleet. */
const deltaEntries = 1000
/** Decisions in one request, so that the request itself weighs nothing. */
const decisions = 500

/**
 * A trust store with a million revoked certificates, from the call to the decision, in workerd: wall
 * clock, each measured once, with the API, the Durable Object and the bucket of one process between.
 */
export const controlPlaneBench: Bench = {
  name: 'control-plane',
  title: 'a managed trust store with 1,000,000 revoked certificates',
  runtimes: ['workerd'],
  async *run() {
    const plane = await startPlane({ cold: {}, warm: { MAX_STALENESS: '0s' } })
    try {
      const world = await createWorld(plane)
      const before = residentMb()
      const full = await timed(() => publish(plane, world, { number: 6 }))
      const made = residentMb()
      const first = await timed(() => expectRevoked(plane, 'cold', world))
      await expectRevoked(plane, 'warm', world)
      const each = await timed(() => decide(plane, world))
      const held = residentMb()
      const delta = await timed(() => publishDelta(plane, world))
      const afterDelta = await timed(() => expectRevoked(plane, 'warm', world))
      const next = await timed(() => publish(plane, world, { number: 8, removing: [2, 3] }))
      const afterNext = await timed(() => expectRevoked(plane, 'warm', world))
      yield section('updates: the call is answered', [
        ['full list', full],
        ['next full list, one entry more', next],
        [`delta of ${deltaEntries}`, delta],
      ])
      yield section('decisions', [
        ['first of a cold worker, start and all', first],
        ['of a worker that holds it', each / decisions],
        ['first after the delta', afterDelta],
        ['first after the next full list', afterNext],
      ])
      const memory: readonly (readonly [string, number])[] = [
        ['before the list', before],
        ['after it was taken', made],
        ['after both workers decided', held],
      ]
      yield {
        ...section('resident memory of workerd, control plane and workers', memory),
        unit: 'MB',
      }
    } finally {
      await plane.close()
    }
  },
}

function section(title: string, costs: readonly (readonly [string, number])[]) {
  const figures: readonly Figure[] = costs.map(([name, cost]) => figureOf(name, [cost]))
  return { title, unit: 'ms' as const, figures, goals: [] }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

interface World {
  readonly issuing: Entity
  readonly listed: object
  readonly times: CrlOverrides
  readonly mass: readonly Bytes[]
}

async function createWorld(plane: Plane): Promise<World> {
  const now = instantFromMs(Date.now())
  const validity = { notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs) }
  const root = await createCa({ subject: 'Root', ...validity })
  const issuing = await issueCa(root, { subject: 'Issuing', serial: [0x11], ...validity })
  const device = await issue(issuing, { serial: massSerial(million - 1), ...validity })
  const times = { thisUpdate: shift(now, -60_000), nextUpdate: shift(now, dayMs) }
  const bundle = await plane.file(bundleOf(root))
  await plane.api('POST', '/trust-stores', { name: 'cars', bundle })
  const file = await plane.file(bundleOf(issuing))
  await plane.change({ kind: 'replace_intermediates', file })
  await add(plane, await plane.file(await createCrl(root, times)))
  return { issuing, times, listed: cfOf(device.der, issuing.der), mass: massOf(million) }
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

async function publish(plane: Plane, world: World, { number, removing }: Published): Promise<void> {
  const more = Array.from({ length: number }, (_, at) => entry([9, at]))
  const entries = [...world.mass, ...more]
  const der = await createCrl(world.issuing, { ...world.times, number, entries })
  await add(plane, await plane.file(der), removing)
}

async function publishDelta(plane: Plane, { issuing, times }: World): Promise<void> {
  const extensions = { base: extension('2.5.29.27', integer(6), 'critical') }
  const entries = massOf(deltaEntries)
  await add(
    plane,
    await plane.file(await createCrl(issuing, { ...times, number: 7, entries, extensions })),
  )
}

async function expectRevoked(plane: Plane, worker: string, { listed }: World): Promise<void> {
  const [answer] = await plane.probe(worker, [listed])
  if (answer !== 'revoked') throw new Error(`${worker} says ${answer} of a device that is listed`)
}

async function decide(plane: Plane, { listed }: World): Promise<void> {
  await plane.probe(
    'cold',
    Array.from({ length: decisions }, () => listed),
  )
}

/** Of the workerd that this process started: the resident set that the kernel tells, in megabytes. */
function residentMb(): number {
  const { pid } = process
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  const sizes = children.map((child) => {
    const status = readFileSync(`/proc/${child}/status`, 'utf8')
    if (!/^Name:\tworkerd/m.test(status)) return 0
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024
  })
  return Math.max(0, ...sizes)
}
