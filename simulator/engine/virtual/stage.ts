import crypto from 'node:crypto'
import { shift, type Instant } from '#shared/time.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import {
  createInProcessEdge,
  type InProcessEdge,
  type Variables,
} from '#simulator/worker/in-process.ts'
import { createDerivedAuthority, type Authority } from '../../ca/authority.ts'
import { credentialsOf } from '../../ca/derive-credential.ts'
import { Ledger } from '../../ca/ledger.ts'
import { planHostile, planRevocations } from '../../device/plan.ts'
import { planFleet, type DeviceProfile } from '../../device/profile.ts'
import { playedPlatforms } from '../../front/profiles/by-name.ts'
import { placePhases, type PlacedPhase } from '../../scenario/phases.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import { createSecrets, settingOf } from '../local-variables.ts'
import { certificatesOf, createPlatformJudge } from '../platform-judge.ts'
import { createAppDoor } from './app-door.ts'
import { createCoreDecisions } from './core-decisions.ts'
import { Life } from './life.ts'
import type { Fate, LifeStage } from './life-stage.ts'
import { muted } from './recorder.ts'
import { listenerVariables } from './run-virtually.ts'
import { createTrustTimeline, type FoundRevocation, type TrustTimeline } from './snapshots.ts'
import { restartInstants } from './world-faults.ts'

/** What is planned for every device of a scenario. */
export interface LifePlans {
  readonly profiles: readonly DeviceProfile[]
  readonly revocations: ReturnType<typeof planRevocations>
  readonly fateOf: (profile: DeviceProfile) => Fate
  readonly profileOf: (device: string) => DeviceProfile | undefined
}

export function planLives(scenario: Scenario): LifePlans {
  const profiles = planFleet(scenario)
  const revocations = planRevocations(scenario, profiles)
  const revocationOf = new Map(revocations.map((each) => [each.device, each]))
  const attacks = scenario.hostile.length === 0 ? [] : planHostile(scenario)
  const attacksOn = Map.groupBy(
    attacks.map((plan, ordinal) => ({ plan, ordinal })),
    ({ plan }) => plan.victim,
  )
  const actors = new Set(attacks.map(({ actor }) => actor))
  const known = new Map(profiles.filter(({ id }) => actors.has(id)).map((each) => [each.id, each]))
  return {
    profiles,
    revocations,
    fateOf: (profile) => ({
      profile,
      revocation: revocationOf.get(profile.id),
      attacks: attacksOn.get(profile.id) ?? none,
    }),
    profileOf: (device) => known.get(device),
  }
}

const none: Fate['attacks'] = []

/** What a stage is made for. */
export interface StageOptions {
  readonly scenario: Scenario
  readonly revocations: readonly FoundRevocation[]
  /** Of so many decisions of the core one is asked of the whole app as well. */
  readonly appEvery: number
}

/** Everything that the lives of one shard are lived among. */
export async function createStage(options: StageOptions, plan: LifePlans): Promise<LifeStage> {
  const { scenario, revocations } = options
  const { seed, time, pki } = scenario
  const ledger = new Ledger()
  const { intermediates, crl } = pki
  const division = { intermediates, partitions: crl.partitions }
  const authority = await createDerivedAuthority({ seed, start: time.start, ...division, ledger })
  const clock = { at: time.start }
  const known: { trust?: TrustTimeline } = {}
  const phases = await deployPhases(scenario, clock, (at) => {
    if (known.trust === undefined) throw new Error('a device knocks before anything is published')
    return known.trust.storeAt(at)
  })
  const [first] = phases
  if (first === undefined) throw new RangeError('the scenario has no phase')
  const trust = await createTrustTimeline({
    scenario,
    planned: plan.revocations,
    revocations,
    variables: first.variables,
    authority,
    ledger,
  })
  known.trust = trust
  const issuers = certificatesOf(`${authority.anchorsPem}${authority.intermediatesPem}`)
  for (const { edge } of phases) for (const store of trust.stores) await edge.warm(store, issuers)
  return lifeStage(options, plan, { authority, clock, phases, trust })
}

interface StageParts {
  readonly authority: Authority
  readonly clock: { at: Instant }
  readonly phases: readonly DeployedPhase[]
  readonly trust: TrustTimeline
}

function lifeStage(
  { scenario, appEvery }: StageOptions,
  plan: LifePlans,
  { authority, clock, phases, trust }: StageParts,
): LifeStage {
  const { seed, time, front } = scenario
  const judge = createPlatformJudge(front.profile, authority)
  const deployed = new Map(
    phases.map(({ name, edge, profile }) => {
      const ofPhase = { clock: { now: () => clock.at }, profile: () => profile }
      const door = createAppDoor({ edge, judge: judge.judge, ...ofPhase })
      return [name, { policy: edge.policy(), door }] as const
    }),
  )
  const of = ({ phase }: PlacedPhase) => {
    const found = deployed.get(phase.name)
    if (found === undefined) throw new RangeError(`no phase is called ${phase.name}`)
    return found
  }
  const stage: LifeStage = {
    seed,
    start: time.start,
    end: shift(time.start, time.durationMs),
    phases: placePhases(scenario),
    policyOf: (phase) => of(phase).policy,
    core: createCoreDecisions(trust),
    derive: credentialsOf(seed, authority.state.hierarchy),
    appAt(phase, at) {
      clock.at = at
      return of(phase).door
    },
    appEvery,
    published: trust.published,
    restarts: restartInstants(scenario),
    authority,
    async ghost(device, at) {
      const profile = plan.profileOf(device)
      if (profile === undefined) return undefined
      const again = new Life({ ...plan.fateOf(profile), attacks: none }, stage, muted)
      await again.live(at)
      return again
    },
  }
  return stage
}

interface DeployedPhase {
  readonly name: string
  /** Of the gateway, which asks its bucket as the target does. */
  readonly variables: Variables
  readonly edge: InProcessEdge
  readonly profile: ReturnType<(typeof playedPlatforms)['cloudflare']['front']>
}

/** An edge for each phase: lives go through all of them, each in its own time. */
async function deployPhases(
  scenario: Scenario,
  clock: { readonly at: Instant },
  storeAt: TrustTimeline['storeAt'],
): Promise<readonly DeployedPhase[]> {
  const secrets = createSecrets()
  const verifier = createNodeVerifier(crypto)
  const deployed: DeployedPhase[] = []
  for (const phase of scenario.phases) {
    const edge = createInProcessEdge({ clock: { now: () => clock.at }, verifier, storeAt })
    const variables = listenerVariables(scenario, phase, secrets)
    await edge.deploy(variables.gateway, variables.target)
    const profile = playedPlatforms[scenario.front.profile].front(settingOf(phase, secrets))
    deployed.push({ name: phase.name, edge, profile, variables: variables.gateway })
  }
  return deployed
}
