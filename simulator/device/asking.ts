import { shift, type Instant } from '#shared/time.ts'
import { between, type Random } from '#simulator/random.ts'
import { outageEnd } from '#simulator/scenario/outages.ts'
import { awayUntil } from './absence.ts'
import { nextTick, onGrid } from './grid.ts'
import type { DeviceProfile } from './profile.ts'
import type { Asking, DeviceState, Effect, Step } from './state.ts'

/** A device that wants a certificate of the CA. */
type Asker = Extract<DeviceState, { kind: 'enrolling' | 'renewing' }>

export const firstAsking: Asking = { failed: 0, stage: 'due' }

/** One try, or the answer to it: the CA is down, or slow, or gives the certificate at once. */
export function ask(state: Asker, at: Instant, random: Random, profile: DeviceProfile): Step {
  const back = awayUntil(profile, at)
  if (back !== undefined) return wait(state, back)
  if (state.asking.stage === 'sent') return obtain(state, at, profile)
  if (outageEnd(profile.ca.outages, at) !== undefined) return backOff(state, at, random, profile)
  const answeredAt = onGrid(profile.grid, at + drawLatency(random, profile))
  if (answeredAt <= at) return obtain(state, at, profile)
  return wait({ ...state, asking: { ...state.asking, stage: 'sent' } }, answeredAt)
}

/** The CA had no room for the request that was just made. */
export function turnAway(state: Asker, at: Instant, random: Random, profile: DeviceProfile): Step {
  return backOff(state, at, random, profile)
}

function drawLatency(random: Random, { ca }: DeviceProfile): number {
  return ca.latencyMaxMs === 0 ? 0 : between(random, ca.latencyMinMs, ca.latencyMaxMs)
}

function wait(state: Asker, until: Instant): Step {
  return [{ ...state, wakeAt: until }, [{ kind: 'wake', at: until }]]
}

function obtain(state: Asker, at: Instant, { fleet }: DeviceProfile): Step {
  const notAfter = shift(at, fleet.certificate.validityMs)
  const kind = state.kind === 'renewing' ? 'renew' : 'enroll'
  const sent = { ...state, asking: { ...state.asking, stage: 'sent' }, wakeAt: undefined } as const
  return [sent, [{ kind, notBefore: at, notAfter }]]
}

const failure: Effect = { kind: 'issuance_failed' }

/**
 * Exponential back-off with full jitter: anything from nothing to twice the longest wait before, so
 * that those who failed together do not come back together. A renewing device goes on with the
 * certificate that it has.
 */
function backOff(state: Asker, at: Instant, random: Random, profile: DeviceProfile): Step {
  const { grid, fleet } = profile
  const failed = state.asking.failed + 1
  const retryAt = onGrid(grid, at + drawBackOff(failed, random, fleet.certificate.retry))
  const next = retryAt > at ? retryAt : nextTick(grid, at)
  if (state.kind === 'enrolling') {
    const [waiting, effects] = wait({ ...state, asking: { failed, stage: 'due' } }, next)
    return [waiting, [failure, ...effects]]
  }
  const { certificate, nextSessionAt } = state
  const wakeAt = wakeOf(nextSessionAt < next ? nextSessionAt : next, at, profile)
  const active = {
    kind: 'active',
    certificate,
    nextSessionAt,
    retry: { failed, at: next },
  } as const
  return [{ ...active, wakeAt }, [failure, { kind: 'wake', at: wakeAt }]]
}

function drawBackOff(
  failed: number,
  random: Random,
  { baseMs, capMs }: { readonly baseMs: number; readonly capMs: number },
): number {
  return random.next() * Math.min(capMs, baseMs * 2 ** (failed - 1))
}

function wakeOf(due: Instant, at: Instant, profile: DeviceProfile): Instant {
  const planned = onGrid(profile.grid, due)
  const next = planned > at ? planned : nextTick(profile.grid, at)
  return awayUntil(profile, next) ?? next
}
