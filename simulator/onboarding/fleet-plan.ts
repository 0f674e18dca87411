import type { Instant } from '#shared/time.ts'
import { onGrid } from '../device/grid.ts'
import { planRevocations } from '../device/plan.ts'
import type { DeviceProfile } from '../device/profile.ts'
import { between, chance, stream } from '../random.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** What happens to a device that onboards, beside its own life. */
export interface PlannedOnboarding {
  readonly kind: 'wiped' | 'imitated'
  readonly device: string
  /** On the grid, after the fleet's first certificates and before the end. */
  readonly at: Instant
}

/**
 * Who is wiped and who is imitated, and when. A device that is to be revoked is not wiped: its owner
 * has other troubles.
 */
export function planOnboarding(
  scenario: Scenario,
  profiles: readonly DeviceProfile[],
): readonly PlannedOnboarding[] {
  const revoked = new Set(planRevocations(scenario, profiles).map(({ device }) => device))
  return profiles.flatMap((profile): readonly PlannedOnboarding[] => {
    const { id: device, fleet } = profile
    if (fleet.onboarding === undefined) return []
    const { wipedRatio, hostileRatio } = fleet.onboarding
    const random = stream(scenario.seed, 'onboarding-plan', device)
    const [isWiped, wipedAt] = [chance(random, wipedRatio), drawn(scenario, profile, random)]
    const [isImitated, at] = [chance(random, hostileRatio), drawn(scenario, profile, random)]
    return [
      ...(isWiped && !revoked.has(device) ? [{ kind: 'wiped', device, at: wipedAt } as const] : []),
      ...(isImitated ? [{ kind: 'imitated', device, at } as const] : []),
    ]
  })
}

function drawn(
  { time }: Scenario,
  { fleet, grid }: DeviceProfile,
  random: ReturnType<typeof stream>,
): Instant {
  const { atMs = 0, withinMs = 0 } = fleet.enrollment ?? {}
  const from = Math.min(atMs + withinMs, time.durationMs)
  return onGrid(grid, time.start + between(random, from, time.durationMs))
}
