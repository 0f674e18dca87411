import { readFileSync } from 'node:fs'
import { createLargeListWorld, deltaEntries } from '../../test/chaos/large-list-world.ts'
import { startPlane } from '../../test/chaos/stage.ts'
import type { Bench } from '../bench.ts'
import { figureOf, type Figure } from '../measure.ts'

const million = 1_000_000
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
      const world = await createLargeListWorld(plane, million)
      const { publish, expectRevoked } = world
      const [listed] = world.listed
      const many = Array.from({ length: decisions }, () => listed ?? {})
      const before = residentMb()
      const full = await timed(() => publish({ number: 6 }))
      const made = residentMb()
      const first = await timed(() => expectRevoked('cold', 1))
      await expectRevoked('warm', 1)
      const each = await timed(() => plane.probe('cold', many))
      const held = residentMb()
      const delta = await timed(() => world.publishDelta(6, 7))
      const afterDelta = await timed(() => expectRevoked('warm', 1))
      const next = await timed(() => publish({ number: 8, removing: [2, 3] }))
      const afterNext = await timed(() => expectRevoked('warm', 1))
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
