import { simulateIdentityCache, type IdentityCacheResult } from '../scenario/identity-cache.ts'
import { exposureMeans, type Assertions, type Scenario } from '../scenario/scenario.ts'
import { formatCount, formatDuration } from './format.ts'
import type { AssertionResult, ExposureWindow, RunResult } from './run-result.ts'

/** What was measured of a run, as far as a scenario may assert anything about it. */
export type Measured = Pick<
  RunResult,
  'counters' | 'availability' | 'recoveries' | 'exposureByMeans'
>

/**
 * Each assertion of a scenario, judged. What nobody tried has not been shown: an exposure of a means
 * without tries, an availability without attempts and a recovery without failures do not hold.
 */
export function judgeAssertions(
  { availability, exposureMs, recoveryMs, atLeast, atMost }: Assertions,
  measured: Measured,
): readonly AssertionResult[] {
  return [
    ...Object.entries(availability).map(([kind, least]) =>
      judgeAvailability(kind, least, measured),
    ),
    ...exposureMeans.flatMap((means) => {
      const most = exposureMs[means]
      return most === undefined ? [] : [judgeExposure(means, most, measured)]
    }),
    ...(recoveryMs === undefined ? [] : [judgeRecovery(recoveryMs, measured)]),
    ...Object.entries(atLeast).map(([name, least]) => {
      const count = measured.counters[name] ?? 0
      return counted(`${name} at least ${formatCount(least)}`, count, count >= least)
    }),
    ...Object.entries(atMost).map(([name, most]) => {
      const count = measured.counters[name] ?? 0
      return counted(`${name} at most ${formatCount(most)}`, count, count <= most)
    }),
  ]
}

function counted(assertion: string, count: number, holds: boolean): AssertionResult {
  return { assertion, found: formatCount(count), holds }
}

function judgeAvailability(kind: string, least: number, measured: Measured): AssertionResult {
  const { attempts, accepted } = measured.availability[kind] ?? { attempts: 0, accepted: 0 }
  const assertion = `availability of kind ${kind} at least ${percent(least)}`
  if (attempts === 0) return { assertion, found: 'no attempt of it', holds: false }
  const share = accepted / attempts
  const found = `${percent(share)} of ${formatCount(attempts)} attempts`
  return { assertion, found, holds: share >= least }
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(3))} %`
}

function judgeExposure(
  means: (typeof exposureMeans)[number],
  most: number,
  { exposureByMeans }: Measured,
): AssertionResult {
  const assertion = `exposure by ${means} at most ${formatDuration(most)}`
  const exposure = exposureByMeans[means]
  if (exposure === undefined) {
    return { assertion, found: 'nobody who tried it after a publication', holds: false }
  }
  const { tries, exposureMs } = exposure
  const found = `${formatDuration(exposureMs)} in ${formatCount(tries)} tries`
  return { assertion, found, holds: exposureMs <= most }
}

function judgeRecovery(most: number, { recoveries }: Measured): AssertionResult {
  const assertion = `recovery within ${formatDuration(most)} of an outage of the CA`
  const failed = recoveries.reduce((sum, each) => sum + each.failed, 0)
  const waiting = recoveries.reduce((sum, each) => sum + each.waiting, 0)
  if (failed === 0) return { assertion, found: 'nobody who failed in one', holds: false }
  const slowest = Math.max(...recoveries.map(({ recoveredMs }) => recoveredMs))
  const rest = waiting === 0 ? '' : `, and ${formatCount(waiting)} still waiting`
  return {
    assertion,
    found: `${formatDuration(slowest)} for ${formatCount(failed)} devices${rest}`,
    holds: waiting === 0 && slowest <= most,
  }
}

/** What a model of an identity cache adds to the counters of a run. */
function cacheCounters(result: IdentityCacheResult | undefined): Record<string, number> {
  if (result === undefined) return {}
  const { stale, unknown, misidentified } = result
  return { cache_stale: stale, cache_unknown: unknown, cache_misidentified: misidentified }
}

/**
 * What is found once a run is over: exposures by means, the identity cache's model, and with both all
 * that the scenario asserts.
 */
export function judgeRun(
  { assert, identityCache: cache, seed }: Scenario,
  collected: Pick<RunResult, 'counters' | 'availability' | 'recoveries'>,
  exposures: readonly ExposureWindow[],
): Pick<RunResult, 'counters' | 'exposureByMeans' | 'identityCache' | 'assertions'> {
  const exposureByMeans = exposuresByMeans(exposures)
  const identityCache = cache && simulateIdentityCache(cache, seed)
  const counters = { ...collected.counters, ...cacheCounters(identityCache) }
  const assertions = judgeAssertions(assert, { ...collected, counters, exposureByMeans })
  return { counters, exposureByMeans, identityCache, assertions }
}

/** The longest exposure by each means and all its tries, over all revocations. */
export function exposuresByMeans(windows: readonly ExposureWindow[]): RunResult['exposureByMeans'] {
  const entries = exposureMeans.flatMap((means) => {
    const found = windows.flatMap(({ byMeans }) => byMeans[means] ?? [])
    if (found.length === 0) return []
    const tries = found.reduce((sum, each) => sum + each.tries, 0)
    return [
      [means, { tries, exposureMs: Math.max(...found.map((each) => each.exposureMs)) }] as const,
    ]
  })
  return Object.fromEntries(entries)
}
