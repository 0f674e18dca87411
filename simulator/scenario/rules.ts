import { formatDuration } from '#shared/duration.ts'
import type { Fleet, Scenario } from './scenario.ts'

/** Something at odds inside a scenario of the right shape. `path` in the file's own words. */
export interface Discord {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Every rule that binds one part of the scenario to another, in the order they are reported. */
const rules: readonly ((scenario: Scenario) => readonly Discord[])[] = [
  tickIsWholeSeconds,
  phasesFillTheDuration,
  phaseNamesDiffer,
  crlsOverlap,
  renewalLiesInsideValidity,
  offlineRangeIsOrdered,
  revocationsHappenInTime,
  revocationsHaveDevices,
]

/** What in `scenario` contradicts what; empty when nothing does. */
export function findDiscord(scenario: Scenario): readonly Discord[] {
  return rules.flatMap((rule) => rule(scenario))
}

/** X.509 knows whole seconds, so certificates issued on the grid must fall on them. */
function tickIsWholeSeconds({ time }: Scenario): readonly Discord[] {
  if (time.tickMs % 1000 === 0) return []
  const message = `found ${formatDuration(time.tickMs)}, expected whole seconds`
  return [{ path: ['time', 'tick'], message }]
}

function phasesFillTheDuration({ phases, time }: Scenario): readonly Discord[] {
  const sum = phases.reduce((total, phase) => total + phase.forMs, 0)
  if (sum === time.durationMs) return []
  const found = `found phases of ${formatDuration(sum)} in total`
  const message = `${found}, expected the duration of ${formatDuration(time.durationMs)}`
  return [{ path: ['phases'], message }]
}

function phaseNamesDiffer({ phases }: Scenario): readonly Discord[] {
  return phases.flatMap(({ name }, index) => {
    const first = phases.findIndex((other) => other.name === name)
    if (first === index) return []
    const message = `found "${name}" again, expected a name that no earlier phase has`
    return [{ path: ['phases', index, 'name'], message }]
  })
}

/** A CRL must outlive the wait for the next one, or every device is locked out in between. */
function crlsOverlap({ pki: { crl } }: Scenario): readonly Discord[] {
  if (crl.nextUpdateMs > crl.publishEveryMs) return []
  const found = `found ${formatDuration(crl.nextUpdateMs)}`
  const message = `${found}, expected more than publish_every, ${formatDuration(crl.publishEveryMs)}`
  return [{ path: ['pki', 'crl', 'next_update'], message }]
}

function renewalLiesInsideValidity({ fleets }: Scenario): readonly Discord[] {
  return fleets.flatMap(({ certificate }, index) => {
    const { renewAtRatio: middle, renewJitterRatio: jitter } = certificate
    if (middle - jitter > 0 && middle + jitter < 1) return []
    const found = `found renewal at ${middle} with a jitter of ${jitter}`
    const message = `${found}, expected both ends inside the validity, between 0 and 1`
    return [{ path: ['fleets', index, 'certificate', 'renew_at'], message }]
  })
}

function offlineRangeIsOrdered({ fleets }: Scenario): readonly Discord[] {
  return fleets.flatMap(({ offline }, index) => {
    if (offline.minMs <= offline.maxMs) return []
    const found = `found ${formatDuration(offline.minMs)}`
    const message = `${found}, expected at most the max of ${formatDuration(offline.maxMs)}`
    return [{ path: ['fleets', index, 'offline', 'min'], message }]
  })
}

function revocationsHappenInTime({ revocations, time }: Scenario): readonly Discord[] {
  return revocations.flatMap(({ atMs }, index) => {
    if (atMs < time.durationMs) return []
    const found = `found ${formatDuration(atMs)}`
    const message = `${found}, expected less than the duration of ${formatDuration(time.durationMs)}`
    return [{ path: ['revocations', index, 'at'], message }]
  })
}

/** No device is revoked twice, so there must be enough of them. */
function revocationsHaveDevices({ fleets, revocations }: Scenario): readonly Discord[] {
  const left = new Map(fleets.map(({ kind }) => [kind, countOf(fleets, kind)]))
  return revocations.flatMap(({ kind, count }, index) => {
    const available = left.get(kind) ?? 0
    left.set(kind, Math.max(0, available - count))
    if (count <= available) return []
    const message = `found ${count}, expected at most the ${available} of kind ${kind} still unrevoked`
    return [{ path: ['revocations', index, 'count'], message }]
  })
}

function countOf(fleets: readonly Fleet[], kind: Fleet['kind']): number {
  return fleets.filter((fleet) => fleet.kind === kind).reduce((sum, { count }) => sum + count, 0)
}
