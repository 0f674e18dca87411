import FlatQueue from 'flatqueue'
import { instantFromMs, shift, type Instant } from '#shared/time.ts'
import { planRevocations } from '#simulator/device/plan.ts'
import { planFleet, type DeviceProfile } from '#simulator/device/profile.ts'
import type { DeviceEvent, DeviceState, OpenSession, Step } from '#simulator/device/state.ts'
import { initialState, step, tell } from '#simulator/device/step.ts'
import { shuffle, stream, type Random } from '#simulator/random.ts'
import { phaseAt } from '#simulator/scenario/phases.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'

/** A session as it happened in the dry world: no sockets, no certificates, answers by the book. */
export interface DrySession {
  readonly device: string
  readonly at: Instant
  readonly session: OpenSession
  readonly outcome: 'accepted' | 'refused'
}

interface DryDevice {
  readonly profile: DeviceProfile
  readonly random: Random
  state: DeviceState
  notAfter: Instant
  issued: number
}

export interface DryRun {
  readonly sessions: readonly DrySession[]
  readonly renewals: number
  readonly enrollments: number
  readonly failures: number
  readonly wakes: readonly Instant[]
  readonly states: ReadonlyMap<string, DeviceState>
}

/** Runs all devices of a scenario. `order` shuffles who is stepped first within one instant. */
export function dryRun(scenario: Scenario, order: 'planned' | 'shuffled' = 'planned'): DryRun {
  const profiles = planFleet(scenario)
  const stepping = order === 'planned' ? profiles : shuffle(stream(99, 'order'), profiles)
  const queue = new FlatQueue<() => void>()
  const sessions: DrySession[] = []
  const wakes: Instant[] = []
  const counts = { renew: 0, enroll: 0, failed: 0 }
  const end = shift(scenario.time.start, scenario.time.durationMs)
  const devices = new Map(stepping.map((profile) => [profile.id, newDevice(scenario, profile)]))
  const revocations = planRevocations(scenario, profiles)

  const apply = (device: DryDevice, [state, effects]: Step, at: Instant): void => {
    device.state = state
    for (const effect of effects) {
      if (effect.kind === 'wake') wakeAt(device, effect.at)
      else if (effect.kind === 'open_session') open(device, effect, at)
      else if (effect.kind === 'issuance_failed') counts.failed += 1
      else issue(device, effect, at)
    }
  }
  const wakeAt = (device: DryDevice, at: Instant): void => {
    wakes.push(at)
    const { random, profile } = device
    queue.push(() => apply(device, step(device.state, at, random, profile), at), at)
  }
  const hear = (device: DryDevice, event: DeviceEvent, at: Instant): void =>
    apply(device, tell(device.state, event, at, device.random, device.profile), at)
  const issue = (
    device: DryDevice,
    { kind, ...validity }: { kind: 'enroll' | 'renew'; notBefore: Instant; notAfter: Instant },
    at: Instant,
  ): void => {
    counts[kind] += 1
    device.issued += 1
    device.notAfter = validity.notAfter
    hear(
      device,
      { kind: 'issued', serial: `${device.profile.id}/${device.issued}`, ...validity },
      at,
    )
  }
  const open = (device: DryDevice, session: OpenSession, at: Instant): void => {
    const outcome = answer(scenario, device, session, at)
    sessions.push({ device: device.profile.id, at, session, outcome })
    hear(device, { kind: 'session_ended', session, outcome }, at)
  }

  for (const device of devices.values()) wakeAt(device, device.state.wakeAt ?? scenario.time.start)
  for (const { device: id, at, ...planned } of revocations) {
    const device = devices.get(id)
    if (device === undefined) throw new Error(`no device ${id}`)
    queue.push(() => hear(device, { kind: 'revoked', ...planned }, at), at)
  }
  for (let at = queue.peekValue(); at !== undefined && at < end; at = queue.peekValue()) {
    queue.pop()?.()
  }
  const states = new Map([...devices].map(([id, { state }]) => [id, state]))
  const { renew: renewals, enroll: enrollments, failed: failures } = counts
  return { sessions, renewals, enrollments, failures, wakes, states }
}

function newDevice(scenario: Scenario, profile: DeviceProfile): DryDevice {
  const random = stream(scenario.seed, 'device', profile.id)
  const nothing = { notAfter: instantFromMs(0), issued: 0 }
  return { profile, random, state: initialState(profile), ...nothing }
}

/** Revoked keys are refused at once; expired certificates as the phase says. */
function answer(
  scenario: Scenario,
  { notAfter }: DryDevice,
  { purpose }: OpenSession,
  at: Instant,
): 'accepted' | 'refused' {
  if (purpose === 'revoked_goes_on') return 'refused'
  const policy = phaseAt(scenario, at)?.expired ?? { word: 'refuse' }
  if (at <= notAfter || policy.word === 'allow') return 'accepted'
  const graceMs = policy.word === 'grace' ? policy.forMs : 0
  return at <= notAfter + graceMs ? 'accepted' : 'refused'
}
