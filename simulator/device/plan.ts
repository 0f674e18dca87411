import { shift, type Instant } from '#shared/time.ts'
import { shuffle, stream } from '#simulator/random.ts'
import { outageEnd, publisherOutages } from '#simulator/scenario/outages.ts'
import { phaseAt } from '#simulator/scenario/phases.ts'
import type {
  HostileKind,
  HostilePlan,
  RevocationPlan,
  Scenario,
} from '#simulator/scenario/scenario.ts'
import { onGrid } from './grid.ts'
import { awayUntil } from './absence.ts'
import { planFleet, type DeviceProfile } from './profile.ts'

/** One revocation that will happen. Its fields are those of the device's `revoked` event. */
export interface PlannedRevocation {
  readonly device: string
  /** On the grid. */
  readonly at: Instant
  readonly reason: RevocationPlan['reason']
  readonly goesOn: boolean
  readonly publishesAt: Instant
  readonly probesAt: readonly Instant[]
}

/** One attack that will happen, on the grid, in the order of time. */
export interface PlannedAttack {
  readonly kind: HostileKind
  readonly at: Instant
  /** The device whose names, serial, header or cookie are copied. */
  readonly victim: string
  /** Who attacks: another device, good in itself (`byDevices`); else a name like `forged_chain-7`. */
  readonly actor: string
}

/** Who is revoked, when and why. No device twice; those that are online then before the others. */
export function planRevocations(
  scenario: Scenario,
  profiles: readonly DeviceProfile[],
): readonly PlannedRevocation[] {
  const taken = new Set<string>()
  return scenario.revocations.flatMap((plan, index) => {
    const at = onGrid(profiles[0]?.grid ?? scenario.time, scenario.time.start + plan.atMs)
    const left = profiles.filter(({ id, kind }) => kind === plan.kind && !taken.has(id))
    const drawn = shuffle(stream(scenario.seed, 'revocation', index), left)
    const chosen = presentFirst(drawn, at).slice(0, plan.count)
    for (const { id } of chosen) taken.add(id)
    return chosen.map(({ id }) => ({ device: id, at, ...revocationOf(scenario, plan, at) }))
  })
}

function presentFirst(profiles: readonly DeviceProfile[], at: Instant): readonly DeviceProfile[] {
  const present = new Set(profiles.filter((profile) => awayUntil(profile, at) === undefined))
  return [...present, ...profiles.filter((profile) => !present.has(profile))]
}

/**
 * The probes look for the end of the exposure window: soon after the CRL is out, at the last instant
 * at which an older trust store may still be used, and a second after that.
 */
function revocationOf(scenario: Scenario, { reason, goesOn }: RevocationPlan, at: Instant) {
  const { pki, edge } = scenario
  const due = shift(at, pki.crl.publishDelayMs)
  // While the publisher is down nothing comes out; the list with everything in it comes at the end.
  const publishesAt = outageEnd(publisherOutages(scenario), due) ?? due
  const bound = shift(publishesAt, edge.maxStalenessMs)
  const probesAt = [shift(publishesAt, 1000), bound, shift(bound, 1000)]
  return { reason, goesOn, publishesAt, probesAt: [...new Set(probesAt)].toSorted((a, b) => a - b) }
}

/** Every attack of the run. A copied cookie is tried only where the phase has cookies to copy. */
export function planHostile(scenario: Scenario): readonly PlannedAttack[] {
  const profiles = planFleet(scenario)
  const revoked = new Set(planRevocations(scenario, profiles).map(({ device }) => device))
  const honest = profiles.filter(({ id }) => !revoked.has(id))
  return scenario.hostile
    .flatMap((plan, index) => planAttacks(scenario, plan, index, honest))
    .toSorted((a, b) => a.at - b.at)
}

/** What a good device does besides its own business, with something of another's. */
const byDevices: readonly HostileKind[] = ['copied_cookie', 'header_besides']

/** One attack in each interval, somewhere in it; none where there are too few devices for it. */
function planAttacks(
  scenario: Scenario,
  { kind, everyMs }: HostilePlan,
  index: number,
  honest: readonly DeviceProfile[],
): readonly PlannedAttack[] {
  const { seed, time } = scenario
  const intervals = Math.floor(time.durationMs / everyMs)
  return Array.from({ length: intervals }, (_, number) => {
    const random = stream(seed, 'hostile', index, number)
    const at = onGrid(time, time.start + (number + random.next()) * everyMs)
    const here = honest.filter((profile) => awayUntil(profile, at) === undefined)
    const [victim, other] = shuffle(random, here)
    const actor = byDevices.includes(kind) ? other?.id : `${kind}-${number + 1}`
    const phase = phaseAt(scenario, at)
    if (victim === undefined || actor === undefined || phase === undefined) return []
    if ((kind === 'copied_cookie' || kind === 'cookie_alone') && !phase.cookies) return []
    return [{ kind, at, victim: victim.id, actor }]
  }).flat()
}
