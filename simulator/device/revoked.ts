import type { Instant } from '#shared/time.ts'
import { chance, type Random } from '#simulator/random.ts'
import { nextSession } from './behaviour.ts'
import { lastTick, nextTick } from './grid.ts'
import { awayUntil } from './absence.ts'
import type { DeviceProfile } from './profile.ts'
import type { DeviceEvent, DeviceState, OpenSession, RevokedTry, Step } from './state.ts'

type RevokedState = Extract<DeviceState, { kind: 'revoked' }>

/** Ticks of the session that is held over the publication: one before it, the others after. */
const heldTicks = 4

/**
 * A revoked device stops, or its key goes on: with a session that is open while the CRL is
 * published, with probes close after it, and then at its usual pace.
 */
export function planTries(
  { goesOn, publishesAt, probesAt }: Extract<DeviceEvent, { kind: 'revoked' }>,
  at: Instant,
  profile: DeviceProfile,
): Step {
  if (!goesOn) return [{ kind: 'revoked', tries: [], wakeAt: undefined }, []]
  const { grid } = profile
  const before = lastTick(grid, publishesAt - grid.tickMs)
  const soonest = nextTick(grid, at)
  const held: RevokedTry = { at: before > soonest ? before : soonest, form: 'held' }
  const probes = probesAt.map((instant): RevokedTry => ({ at: instant, form: 'probe' }))
  const tries = [held, ...probes]
    .filter((planned) => planned.at > at && awayUntil(profile, planned.at) === undefined)
    .toSorted((a, b) => a.at - b.at)
  return sleep(tries.length > 0 ? tries : [usualTry(at, profile)], profile)
}

/** One try, and the next: the planned ones first, then one in each usual interval. */
export function stepRevoked(
  state: RevokedState,
  at: Instant,
  random: Random,
  profile: DeviceProfile,
): Step {
  const [now, ...rest] = state.tries
  if (now === undefined) return [state, []]
  const session = drawTry(now, random, profile)
  const drawn: RevokedTry = { at: nextSession(at, random, profile), form: 'usual' }
  const [asleep, effects] = sleep(rest.length > 0 ? rest : [drawn], profile)
  return [asleep, [session, ...effects]]
}

/** A device that is away tries on its return, or at the next tick. */
function usualTry(at: Instant, profile: DeviceProfile): RevokedTry {
  return { at: nextTick(profile.grid, at), form: 'usual' }
}

function sleep(tries: readonly RevokedTry[], profile: DeviceProfile): Step {
  const [first, ...rest] = tries
  if (first === undefined) return [{ kind: 'revoked', tries, wakeAt: undefined }, []]
  const wakeAt = awayUntil(profile, first.at) ?? first.at
  const planned = [{ ...first, at: wakeAt }, ...rest]
  return [{ kind: 'revoked', tries: planned, wakeAt }, [{ kind: 'wake', at: wakeAt }]]
}

function drawTry({ form }: RevokedTry, random: Random, { fleet }: DeviceProfile): OpenSession {
  const { requests, ticks, mqttRatio } = fleet.traffic
  const mqtt = chance(random, mqttRatio) && form !== 'probe'
  const sizes = {
    held: { requests, ticks: heldTicks },
    probe: { requests: 1, ticks: 1 },
    usual: { requests, ticks },
  }
  const protocol = mqtt ? 'mqtt' : 'https'
  return { kind: 'open_session', purpose: 'revoked_goes_on', protocol, ...sizes[form] }
}
