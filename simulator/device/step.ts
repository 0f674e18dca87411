import { shift, type Instant } from '#shared/time.ts'
import { between, chance, stream, type Random } from '#simulator/random.ts'
import { nextSession } from './behaviour.ts'
import { awayUntil, leavesAt } from './absence.ts'
import { ask, firstAsking, turnAway } from './asking.ts'
import { nextTick, onGrid } from './grid.ts'
import { skewAt, type DeviceProfile } from './profile.ts'
import { planTries, stepRevoked } from './revoked.ts'
import type { DeviceEvent, DeviceState, HeldCertificate, OpenSession, Step } from './state.ts'

/** A device before the run: step it at its `wakeAt`, which is the start where it is enrolled already. */
export function initialState({ id, seed, fleet, grid }: DeviceProfile): DeviceState {
  const { enrollment } = fleet
  if (enrollment === undefined) return { kind: 'unenrolled', wakeAt: grid.start }
  const withinMs = stream(seed, 'enrollment', id).next() * enrollment.withinMs
  return { kind: 'unenrolled', wakeAt: onGrid(grid, grid.start + enrollment.atMs + withinMs) }
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
      return profile.fleet.enrollment === undefined
        ? enrolledBefore(random, profile)
        : enroll(at, random, profile)
    case 'active':
      return stepActive(state, at, random, profile)
    case 'lapsed':
      return enroll(at, random, profile)
    case 'revoked':
      return stepRevoked(state, at, random, profile)
    case 'enrolling':
    case 'renewing':
      return ask(state, at, random, profile)
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
    case 'turned_away':
      return state.kind === 'enrolling' || state.kind === 'renewing'
        ? turnAway(state, at, random, profile)
        : [state, []]
    case 'wiped':
      return state.kind === 'revoked' ? [state, []] : enroll(at, random, profile)
    case 'session_ended':
      return endSession(state, event, at, random, profile)
    case 'revoked':
      return planTries(event, at, profile)
  }
}

type ActiveState = Extract<DeviceState, { kind: 'active' }>

/**
 * The first certificate was issued before the run, at an age drawn from what a fleet in its steady
 * state has: so renewals do not come all on one day, and lapses do not wait for the first expiry.
 */
function enrolledBefore(random: Random, { fleet, grid }: DeviceProfile): Step {
  const { validityMs, renewAtRatio, renewJitterRatio } = fleet.certificate
  const oldest = validityMs * (renewAtRatio - renewJitterRatio)
  const notBefore = shift(grid.start, -Math.floor(between(random, 0, oldest) / 1000) * 1000)
  return [
    { kind: 'enrolling', asking: { failed: 0, stage: 'sent' }, wakeAt: undefined },
    [{ kind: 'enroll', notBefore, notAfter: shift(notBefore, validityMs) }],
  ]
}

function enroll(at: Instant, random: Random, profile: DeviceProfile): Step {
  return ask({ kind: 'enrolling', asking: firstAsking, wakeAt: at }, at, random, profile)
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
  const active = { kind: 'active', certificate, nextSessionAt, retry: undefined } as const
  return sleep({ ...active, wakeAt: undefined }, at, profile)
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
  if (seemsOver(certificate, at, profile)) return lapse(state, profile)
  if (at >= renewalAt(state, at, profile)) return renew(state, at, random, profile)
  if (at < nextSessionAt) return sleep(state, at, profile)
  const session = drawSession(at, random, profile)
  const over = shift(at, session.ticks * profile.grid.tickMs)
  const drawn = nextSession(at, random, profile)
  // Written out, and nothing copied twice: most of what happens in a run is this.
  const { kind, retry } = state
  const next = drawn > over ? drawn : over
  const wakeAt = alarmAt({ certificate, retry }, next, at, profile)
  return [
    { kind, certificate, nextSessionAt: next, retry, wakeAt },
    [session, { kind: 'wake', at: wakeAt }],
  ]
}

/** It finds out by trying: what comes next is decided when it is told how that ended. */
function lapse({ certificate, nextSessionAt }: ActiveState, { fleet }: DeviceProfile): Step {
  const { requests } = fleet.traffic
  return [
    { kind: 'lapsed', certificate, nextSessionAt, trial: 'running', wakeAt: undefined },
    [{ kind: 'open_session', purpose: 'lapsed_trial', protocol: 'https', requests, ticks: 1 }],
  ]
}

/** A device whose clock is behind takes its certificate for good a while longer than it is. */
function seemsOver({ notAfter }: HeldCertificate, at: Instant, profile: DeviceProfile): boolean {
  return at + Math.min(0, skewAt(profile, at)) > notAfter
}

/**
 * When a device asks for its next certificate, by its own clock; after a failure, when its back-off
 * is over. However far ahead its clock is, it does not ask again within the longest back-off.
 */
function renewalAt(
  { certificate, retry }: Pick<ActiveState, 'certificate' | 'retry'>,
  at: Instant,
  profile: DeviceProfile,
): Instant {
  if (retry !== undefined) return retry.at
  const { renewAt, notBefore } = certificate
  const { fleet } = profile
  const skewMs = skewAt(profile, at)
  const due = shift(renewAt, -skewMs)
  return skewMs > 0 ? later(due, shift(notBefore, fleet.certificate.retry.capMs)) : due
}

interface Renewable {
  readonly certificate: HeldCertificate
  readonly nextSessionAt: Instant
}

function renew(
  state: Renewable & { readonly retry?: ActiveState['retry'] },
  at: Instant,
  random: Random,
  profile: DeviceProfile,
): Step {
  const { certificate, nextSessionAt } = state
  const asking = { ...firstAsking, failed: state.retry?.failed ?? 0 }
  const renewing = { kind: 'renewing', certificate, nextSessionAt, asking, wakeAt: at } as const
  return ask(renewing, at, random, profile)
}

/**
 * A lapsed device that was let in renews at once; one that was not waits for new credentials, as does
 * one that took its certificate for good and hears in the answer that it has ended.
 */
function endSession(
  state: DeviceState,
  { session, outcome }: Extract<DeviceEvent, { kind: 'session_ended' }>,
  at: Instant,
  random: Random,
  profile: DeviceProfile,
): Step {
  if (state.kind === 'lapsed' && session.purpose === 'lapsed_trial') {
    if (outcome === 'accepted') return renew(state, at, random, profile)
    return awaitEnrollment(state, at, profile)
  }
  const wasOver = state.kind === 'active' && at > state.certificate.notAfter
  return wasOver && outcome === 'refused' ? awaitEnrollment(state, at, profile) : [state, []]
}

function awaitEnrollment(
  { certificate, nextSessionAt }: Renewable,
  at: Instant,
  profile: DeviceProfile,
): Step {
  const enrolledAt = shift(at, profile.fleet.certificate.reenrollAfterMs)
  const wakeAt = later(onGrid(profile.grid, enrolledAt), nextTick(profile.grid, at))
  return [
    { kind: 'lapsed', certificate, nextSessionAt, trial: 'refused', wakeAt },
    [{ kind: 'wake', at: wakeAt }],
  ]
}

/** Sets the alarm of an enrolled device: its next session or renewal, or its return from absence. */
function sleep(state: ActiveState, at: Instant, profile: DeviceProfile): Step {
  const wakeAt = alarmAt(state, state.nextSessionAt, at, profile)
  return [{ ...state, wakeAt }, [{ kind: 'wake', at: wakeAt }]]
}

function alarmAt(
  holder: Pick<ActiveState, 'certificate' | 'retry'>,
  nextSessionAt: Instant,
  at: Instant,
  profile: DeviceProfile,
): Instant {
  const due = Math.min(nextSessionAt, renewalAt(holder, at, profile))
  const planned = later(onGrid(profile.grid, due), nextTick(profile.grid, at))
  return awayUntil(profile, planned) ?? planned
}

/** A session of the fleet's usual size; it ends before the device goes away. */
function drawSession(at: Instant, random: Random, profile: DeviceProfile): OpenSession {
  const { fleet, grid } = profile
  const { requests, mqttRatio } = fleet.traffic
  const protocol = chance(random, mqttRatio) ? 'mqtt' : 'https'
  const goesAt = fleet.traffic.ticks === 1 ? Infinity : (leavesAt(profile, at) ?? Infinity)
  const ticks = Math.min(fleet.traffic.ticks, Math.ceil((goesAt - at) / grid.tickMs))
  return { kind: 'open_session', purpose: 'regular', protocol, requests, ticks }
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b
}
