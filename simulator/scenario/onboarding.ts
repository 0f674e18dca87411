import { formatCount } from '../report/format.ts'
import type { Discord } from './discord.ts'
import type { Fleet, Onboarding, Scenario } from './scenario.ts'

/** A fleet that onboards, and where it stands in the file. */
interface OnboardingFleet {
  readonly fleet: Fleet
  readonly onboarding: Onboarding
  readonly index: number
}

export function onboardingFleets({ fleets }: Pick<Scenario, 'fleets'>): readonly OnboardingFleet[] {
  return fleets.flatMap((fleet, index) =>
    fleet.onboarding === undefined ? [] : [{ fleet, onboarding: fleet.onboarding, index }],
  )
}

/** What does not go with onboarding. */
export function onboardingDiscords(scenario: Scenario): readonly Discord[] {
  const all = onboardingFleets(scenario)
  const [first] = all
  if (first === undefined) return []
  const early = all.filter(({ fleet }) => fleet.enrollment === undefined)
  return [
    ...early.map(({ index }) => ({
      path: ['fleets', index, 'onboarding'],
      message:
        'found onboarding without "enrollment", expected when its devices ask for their first certificates',
    })),
    ...(scenario.engine === 'virtual'
      ? []
      : [
          {
            path: ['engine'],
            message: `found ${scenario.engine}, expected virtual: fleets[${first.index}] has onboarding, which is lived in virtual time`,
          },
        ]),
    ...(scenario.front.profile === 'alb'
      ? [
          {
            path: ['front', 'profile'],
            message: `found alb, expected a platform that lets factory certificates through to the EST server: fleets[${first.index}] has onboarding`,
          },
        ]
      : []),
    ...(scenario.pki.events.length === 0
      ? []
      : [
          {
            path: ['pki', 'events'],
            message: `found events, expected none where fleets[${first.index}] has onboarding: its EST server is told of one hierarchy`,
          },
        ]),
  ]
}

/** What it comes to, for `scenario explain`. */
export function onboardingLines(scenario: Scenario): readonly string[] {
  const all = onboardingFleets(scenario)
  if (all.length === 0) return []
  return [
    'Certificates come from the EST server of the edge, with a registry, and the CA behind it:',
    ...all.map(({ fleet, onboarding }) => {
      const { claimRatio, rekeyRatio, wipedRatio, hostileRatio } = onboarding
      const of = (ratio: number): string => formatCount(Math.round(fleet.count * ratio))
      return (
        `  ${fleet.kind}: ${of(claimRatio)} by a claim, ${of(1 - claimRatio)} by a factory certificate; ` +
        `${rekeyRatio * 100} % of renewals with a new key; ${of(wipedRatio)} wiped, ` +
        `${of(hostileRatio)} imitated by somebody hostile`
      )
    }),
  ]
}
