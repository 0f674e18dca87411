import { expect, test } from 'vitest'
import { runRevocationSoak } from './revocation.ts'
import type { FaultName } from './revocation-faults.ts'

/** The run of `node test/soak/revocation.ts`, small enough to be made each time. */
test.each<FaultName>(['none', 'restart', 'shards-away'])(
  'under the fault %s no worker lets a revoked device in after the bound, and none keeps another out',
  async (fault) => {
    const report = await runRevocationSoak({
      workers: 3,
      revocations: 6,
      list: 40_000,
      rate: 10,
      maxStalenessMs: 2000,
      fault,
      onProgress: () => undefined,
    })
    expect(report).toMatchObject({ revocations: 11, late: 0, neverRefused: 0 })
    expect([...report.healthyRefused]).toEqual([])
    expect(report.questions).toBeGreaterThan(11 * 3)
  },
  120_000,
)

test.each<FaultName>(['none', 'r2-errors', 'kill-at-list'])(
  'under the fault %s gateways in processes of their own keep the same bound over HTTP',
  async (fault) => {
    const report = await runRevocationSoak({
      workers: 2,
      inProcesses: true,
      revocations: 6,
      list: 40_000,
      rate: 10,
      maxStalenessMs: 2000,
      fault,
      onProgress: () => undefined,
    })
    expect(report).toMatchObject({ revocations: 11, late: 0, neverRefused: 0 })
    expect([...report.healthyRefused]).toEqual([])
  },
  120_000,
)

test('a control plane that is killed and comes back tells everybody what it was told', async () => {
  const report = await runRevocationSoak({
    workers: 2,
    inProcesses: true,
    revocations: 6,
    // Small: what is killed here is not busy with a compile as well.
    list: 1000,
    rate: 10,
    maxStalenessMs: 2000,
    fault: 'restart',
    onProgress: () => undefined,
  })
  expect(report).toMatchObject({ revocations: 11, late: 0, neverRefused: 0 })
  expect(report.outages).toBeGreaterThan(0)
  expect([...report.healthyRefused]).toEqual([])
}, 120_000)
