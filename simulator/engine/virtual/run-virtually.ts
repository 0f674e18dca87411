import crypto from 'node:crypto'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { createInProcessEdge, type InProcessEdge } from '#simulator/worker/in-process.ts'
import { createDerivedAuthority, type Authority } from '../../ca/authority.ts'
import { prepareHierarchyEvents } from '../../ca/hierarchy-events.ts'
import { Ledger } from '../../ca/ledger.ts'
import type { FrontProfile } from '../../front/profile.ts'
import { playedPlatforms } from '../../front/profiles/by-name.ts'
import { edgeTime, reachesBucket } from '../../scenario/edge-faults.ts'
import type { Phase, Scenario } from '../../scenario/scenario.ts'
import {
  commonVariables,
  createSecrets,
  gatewayVariables,
  settingOf,
  targetVariables,
} from '../local-variables.ts'
import { createPlatformJudge } from '../platform-judge.ts'
import { runOnStage, type Run, type RunOptions } from '../run.ts'
import type { Stage } from '../stage.ts'
import { createVirtualTimeline, type Timeline } from '../timeline.ts'
import type { FleetEdge, FleetEdgeOptions } from '../../onboarding/fleet.ts'
import { onboardingFleets } from '../../scenario/onboarding.ts'
import { createAppDoor, createExchange, type AppDoorOptions } from './app-door.ts'
import { edgesInTurn } from './edges-in-turn.ts'

/** What a test changes about the edge, to see that the oracle notices. Nothing, in a run that counts. */
export interface VirtualSabotage {
  readonly verifier?: SignatureVerifier
  readonly changeEdge?: (edge: InProcessEdge) => InProcessEdge
  readonly changeProfile?: (profile: FrontProfile) => FrontProfile
}

export interface VirtualRunOptions extends Omit<RunOptions, 'port' | 'sabotage'> {
  readonly sabotage?: VirtualSabotage
}

/**
 * Lives a scenario without a socket: the same devices, plans, oracle and report as `runLocally`, and
 * the whole edge app, gateway and target, called in this process. The same seed gives the same log.
 */
export async function runVirtually(options: VirtualRunOptions): Promise<Run> {
  const { scenario, sabotage = {} } = options
  const { seed, time, pki } = scenario
  const ledger = new Ledger()
  const { intermediates, crl } = pki
  const division = { intermediates, partitions: crl.partitions }
  const authority = await createDerivedAuthority({ seed, start: time.start, ...division, ledger })
  const timeline = createVirtualTimeline(time.start)
  const onboarding = await openOnboarding({ scenario, authority, ledger, clock: timeline })
  const made = { scenario, authority, timeline, sabotage, onboarding }
  try {
    const { stage, door } = createVirtualStage(made)
    const passesChain = playedPlatforms[scenario.front.profile].passes === 'chain'
    const hierarchy = await prepareHierarchyEvents(scenario, authority, ledger, passesChain)
    return await runOnStage(options, {
      ledger,
      authority,
      hierarchy,
      timeline,
      stage,
      door: createAppDoor(door),
      onboarding: onboarding?.through(createExchange(door)),
      toleranceMs: 0,
    })
  } finally {
    onboarding?.close()
  }
}

/** Loaded only where a fleet onboards: a registry and its SQLite are nothing that others need. */
async function openOnboarding(options: FleetEdgeOptions): Promise<FleetEdge | undefined> {
  if (onboardingFleets(options.scenario).length === 0) return undefined
  const { openFleetEdge } = await import('../../onboarding/fleet.ts')
  return openFleetEdge(options)
}

/** What a virtual stage is made of. */
export interface VirtualStageOptions {
  readonly scenario: Scenario
  readonly authority: Authority
  readonly timeline: Timeline
  readonly sabotage: VirtualSabotage
  /** Where fleets get their certificates of the edge. */
  readonly onboarding?: FleetEdge | undefined
}

export interface VirtualStage {
  readonly stage: Omit<Stage, 'address'>
  readonly door: AppDoorOptions
}

/** Edge and platform of a virtual run, and the trust store that both look at. */
export function createVirtualStage({
  scenario,
  authority,
  timeline,
  sabotage,
  onboarding,
}: VirtualStageOptions): VirtualStage {
  const secrets = createSecrets()
  const { changeEdge = unchanged, changeProfile = unchanged } = sabotage
  const { verifier = createNodeVerifier(crypto) } = sabotage
  const [toldAt, reachedAt] = [edgeTime(scenario), reachesBucket(scenario)]
  const edges = Array.from({ length: scenario.edge.count }, (_, place) =>
    createInProcessEdge({
      clock: { now: () => toldAt(timeline.now()) },
      verifier,
      reachesBucket: () => reachedAt(timeline.now(), place),
      ...(onboarding !== undefined && { openEnrolment: onboarding.openEnrolment }),
    }),
  )
  const edge = changeEdge(edgesInTurn(edges))
  const judge = createPlatformJudge(scenario.front.profile, authority)
  const played = playedPlatforms[scenario.front.profile]
  const profileOf = (phase: Phase): FrontProfile =>
    changeProfile(played.front(settingOf(phase, secrets)))
  let profile: FrontProfile | undefined
  publishTrust(edge, scenario, authority)
  return {
    stage: {
      async enterPhase(phase) {
        const variables = listenerVariables(scenario, phase, secrets)
        await edge.deploy({ ...variables.gateway, ...onboarding?.variables }, variables.target)
        profile = profileOf(phase)
      },
      async publish(name, octets) {
        edge.publish(name, Uint8Array.from(octets))
        if (name.startsWith('crl/')) judge.take(name, octets)
        if (name === 'anchors.pem' || name === 'intermediates.pem') {
          judge.trust(name, new TextDecoder().decode(octets))
        }
      },
      damage: async (name, octets) => edge.publish(name, Uint8Array.from(octets)),
      close: () => Promise.resolve(),
    },
    door: {
      edge,
      clock: timeline,
      judge: judge.judge,
      profile: () => {
        if (profile === undefined) throw new Error('a device knocks before the first phase')
        return profile
      },
    },
  }
}

const unchanged = <Value>(value: Value): Value => value

/** The variables of gateway and target in a phase. */
export function listenerVariables(
  { edge, front }: Scenario,
  phase: Phase,
  secrets: ReturnType<typeof createSecrets>,
) {
  const { maxStalenessMs, sessionTtlMs, crl } = edge
  const options = { profile: front.profile, phase, maxStalenessMs, sessionTtlMs, crl }
  // A run's own report tells of its requests.
  const common = { CONNECTION_LOG: 'off', ...commonVariables(options) }
  return {
    gateway: { ...common, ...gatewayVariables(options, secrets) },
    target: { ...common, ...targetVariables(options, secrets) },
  }
}

/** Where the platform passes the leaf only, whoever verifies it needs the intermediates at hand. */
function publishTrust(edge: InProcessEdge, { front }: Scenario, authority: Authority): void {
  edge.publish('anchors.pem', new TextEncoder().encode(authority.anchorsPem))
  if (playedPlatforms[front.profile].passes === 'leaf') {
    edge.publish('intermediates.pem', new TextEncoder().encode(authority.intermediatesPem))
  }
}
