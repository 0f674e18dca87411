import { shift, type Instant } from '#shared/time.ts'
import { between, chance, type Random } from '#simulator/random.ts'
import { nextSession } from './behaviour.ts'
import { nextTick, onGrid } from './grid.ts'
import { awayUntil, type DeviceProfile } from './profile.ts'
import { planTries, stepRevoked } from './revoked.ts'
import type { DeviceEvent, DeviceState, HeldCertificate, OpenSession, Step } from './state.ts'

/** A device before the run: step it at the start. */
export function initialState({ grid }: DeviceProfile): DeviceState {
  return { kind: 'unenrolled', wakeAt: grid.start }
}

/**
 * One wake of one device. All time and chance come in as arguments, all I/O goes out as effects.
 * `random` is the device's own stream, so the order in which devices are stepped changes nothing.
 * A wake that is not the device's live one gives no effects.
 */
export function step(
  state: DeviceState,
  at: Instant,
  random: Random,
  profile: DeviceProfile,
): Step {
  if (state.wakeAt !== at) return [state, []]
  switch (state.kind) {
    case 'unenrolled':
      return enrollFirst(random, profile)
    case 'active':
      return stepActive(state, at, random, profile)
    case 'lapsed':
      return enrollAnew(at, profile)
    case 'revoked':
      return stepRevoked(state, at, random, profile)
    case 'enrolling':
    case 'renewing':
      // Both wait to be told, with no alarm set.
      return [state, []]
  }
}

/** What an outcome makes of a device. Told before its next wake; `at` is when it came about. */
export function tell(
  state: DeviceState,
  event: DeviceEvent,
  at: Instant,
  random: Random,
  profile: DeviceProfile,
): Step {
  switch (event.kind) {
    case 'issued':
      return state.kind === 'revoked' ? [state, []] : activate(state, event, at, random, profile)
    case 'session_ended':
      return endTrial(state, event, at, profile)
    case 'revoked':
      return planTries(event, at, profile)
  }
}

type ActiveState = Extract<DeviceState, { kind: 'active' | 'renewing' }>

/**
 * The first certificate was issued before the run, at an age drawn from what a fleet in its steady
 * state has: so renewals do not come all on one day, and lapses do not wait for the first expiry.
 */
function enrollFirst(random: Random, { fleet, grid }: DeviceProfile): Step {
  const { validityMs, renewAtRatio, renewJitterRatio } = fleet.certificate
  const oldest = validityMs * (renewAtRatio - renewJitterRatio)
  const notBefore = shift(grid.start, -Math.floor(between(random, 0, oldest) / 1000) * 1000)
  return [
    { kind: 'enrolling', wakeAt: undefined },
    [{ kind: 'enroll', notBefore, notAfter: shift(notBefore, validityMs) }],
  ]
}

function enrollAnew(at: Instant, { fleet }: DeviceProfile): Step {
  const notAfter = shift(at, fleet.certificate.validityMs)
  return [{ kind: 'enrolling', wakeAt: undefined }, [{ kind: 'enroll', notBefore: at, notAfter }]]
}

function activate(
  state: DeviceState,
  { serial, notBefore, notAfter }: Extract<DeviceEvent, { kind: 'issued' }>,
  at: Instant,
  random: Random,
  profile: DeviceProfile,
): Step {
  const renewAt = drawRenewal(notBefore, random, profile)
  const certificate = { serial, notBefore, notAfter, renewAt }
  const planned = state.kind === 'renewing' ? state.nextSessionAt : undefined
  const nextSessionAt = planned ?? nextSession(at, random, profile)
  return sleep({ kind: 'active', certificate, nextSessionAt, wakeAt: undefined }, at, profile)
}

function drawRenewal(notBefore: Instant, random: Random, { fleet }: DeviceProfile): Instant {
  const { validityMs, renewAtRatio, renewJitterRatio } = fleet.certificate
  const jitter = between(random, -renewJitterRatio, renewJitterRatio)
  return shift(notBefore, Math.round(validityMs * (renewAtRatio + jitter)))
}

/** What an enrolled device does, the first that applies: stay away, lapse, renew, connect, sleep. */
function stepActive(state: ActiveState, at: Instant, random: Random, profile: DeviceProfile): Step {
  const { certificate, nextSessionAt } = state
  if (awayUntil(profile, at) !== undefined) return sleep(state, at, profile)
  if (at > certificate.notAfter) return lapse(state, profile)
  if (at >= certificate.renewAt) return renew(state, at, profile)
  if (at < nextSessionAt) return sleep(state, at, profile)
  const session = drawSession(at, random, profile)
  const over = shift(at, session.ticks * profile.grid.tickMs)
  const drawn = nextSession(at, random, profile)
  const next = { ...state, nextSessionAt: drawn > over ? drawn : over }
  const [asleep, effects] = sleep(next, at, profile)
  return [asleep, [session, ...effects]]
}

/** It finds out by trying: what comes next is decided when it is told how that ended. */
function lapse({ certificate, nextSessionAt }: ActiveState, { fleet }: DeviceProfile): Step {
  const { requests } = fleet.traffic
  return [
    { kind: 'lapsed', certificate, nextSessionAt, trial: 'running', wakeAt: undefined },
    [{ kind: 'open_session', purpose: 'lapsed_trial', protocol: 'https', requests, ticks: 1 }],
  ]
}

interface Renewable {
  readonly certificate: HeldCertificate
  readonly nextSessionAt: Instant
}

function renew(
  { certificate, nextSessionAt }: Renewable,
  at: Instant,
  profile: DeviceProfile,
): Step {
  const notAfter = shift(at, profile.fleet.certificate.validityMs)
  return [
    { kind: 'renewing', certificate, nextSessionAt, wakeAt: undefined },
    [{ kind: 'renew', notBefore: at, notAfter }],
  ]
}

/** A lapsed device that was let in renews at once; one that was not waits for new credentials. */
function endTrial(
  state: DeviceState,
  { session, outcome }: Extract<DeviceEvent, { kind: 'session_ended' }>,
  at: Instant,
  profile: DeviceProfile,
): Step {
  if (state.kind !== 'lapsed' || session.purpose !== 'lapsed_trial') return [state, []]
  if (outcome === 'accepted') return renew(state, at, profile)
  const enrolledAt = shift(at, profile.fleet.certificate.reenrollAfterMs)
  const wakeAt = later(onGrid(profile.grid, enrolledAt), nextTick(profile.grid, at))
  return [{ ...state, trial: 'refused', wakeAt }, [{ kind: 'wake', at: wakeAt }]]
}

/** Sets the alarm of an enrolled device: its next session or renewal, or its return from absence. */
function sleep(state: ActiveState, at: Instant, profile: DeviceProfile): Step {
  const due = Math.min(state.nextSessionAt, state.certificate.renewAt)
  const planned = later(onGrid(profile.grid, due), nextTick(profile.grid, at))
  const wakeAt = awayUntil(profile, planned) ?? planned
  return [{ ...state, wakeAt }, [{ kind: 'wake', at: wakeAt }]]
}

/** A session of the fleet's usual size; it ends before the device goes away. */
function drawSession(
  at: Instant,
  random: Random,
  { fleet, grid, absence }: DeviceProfile,
): OpenSession {
  const { requests, mqttRatio } = fleet.traffic
  const protocol = chance(random, mqttRatio) ? 'mqtt' : 'https'
  const leavesAt = absence !== undefined && absence.from > at ? absence.from : Infinity
  const ticks = Math.min(fleet.traffic.ticks, Math.ceil((leavesAt - at) / grid.tickMs))
  return { kind: 'open_session', purpose: 'regular', protocol, requests, ticks }
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b
}
