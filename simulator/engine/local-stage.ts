import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { instantFromMs, shift, type Instant } from '#shared/time.ts'
import type { Authority } from '../ca/authority.ts'
import { createServerCredential } from '../ca/server-credential.ts'
import { startFront } from '../front/front.ts'
import type { FrontProfile } from '../front/profile.ts'
import { playedPlatforms } from '../front/profiles/by-name.ts'
import { edgeTime, reachesBucket } from '../scenario/edge-faults.ts'
import type { Phase, Scenario } from '../scenario/scenario.ts'
import { startBroker, type Broker } from './broker.ts'
import { startLocalEdge, type LocalEdge } from './local-edge.ts'
import { createPlatformJudge } from './platform-judge.ts'
import type { Stage } from './stage.ts'
import type { Timeline } from './timeline.ts'

/** What a test changes about the run, to see that the oracle notices. Nothing, in a run that counts. */
export interface Sabotage {
  readonly bundlePlugins: readonly Plugin[]
  readonly changeProfile: (profile: FrontProfile) => FrontProfile
}

export const noSabotage: Sabotage = { bundlePlugins: [], changeProfile: (profile) => profile }

export interface LocalStageOptions {
  readonly scenario: Scenario
  readonly authority: Authority
  readonly timeline: Timeline
  readonly port: number
  readonly sabotage: Sabotage
}

/** Everything a laptop lacks: broker, edge workers in workerd, and the front that ends the TLS. */
export async function startLocalStage(options: LocalStageOptions): Promise<Stage> {
  const closing: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end()
  }
  try {
    return await assemble(options, closing, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function assemble(
  { scenario, authority, timeline, port, sabotage }: LocalStageOptions,
  closing: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Stage> {
  const persistDir = await mkdtemp(join(tmpdir(), 'sallyport-'))
  closing.push(() => rm(persistDir, { recursive: true, force: true }))
  const broker = await startBroker()
  closing.push(() => broker.close())
  const edge = await startEdge(scenario, broker, persistDir, sabotage)
  closing.push(() => edge.close())
  const judge = createPlatformJudge(scenario.front.profile, authority)
  await publishTrust(edge, scenario, authority)
  const played = playedPlatforms[scenario.front.profile]
  const profileOf = (phase: Phase) => sabotage.changeProfile(played.front(edge.settingOf(phase)))
  // Devices check the server's certificate by the machine's clock, which no virtual time reaches.
  const now = instantFromMs(Date.now())
  const server = await createServerCredential({
    notBefore: shift(now, -dayMs),
    notAfter: shift(now, dayMs),
  })
  const reachedAt = reachesBucket(scenario)
  const isBucketReachedAt = (at: Instant): boolean => reachedAt(at, 0)
  const front = await startFront({
    profile: profileOf(firstPhase(scenario)),
    upstream: edge.url,
    localKey: edge.localKey,
    clock: timeline,
    worker: { clockAt: edgeTime(scenario), isBucketReachedAt },
    judge: judge.judge,
    resumption: scenario.front.resumption,
    serverCredential: server,
    port,
  })
  closing.push(() => front.close())
  return {
    address: { host: '127.0.0.1', port: front.port, servername: 'localhost', caPem: server.caPem },
    async enterPhase(phase) {
      await edge.deploy(phase)
      front.use(profileOf(phase))
    },
    async publish(name, octets) {
      await edge.publish(name, octets)
      if (name.startsWith('crl/')) judge.take(name, octets)
      if (name === 'anchors.pem' || name === 'intermediates.pem') {
        judge.trust(name, new TextDecoder().decode(octets))
      }
    },
    damage: (name, octets) => edge.publish(name, octets),
    brokerCounts: () => broker.counts(),
    close,
  }
}

function startEdge(
  scenario: Scenario,
  broker: Broker,
  persistDir: string,
  { bundlePlugins }: Sabotage,
): Promise<LocalEdge> {
  const { edge, front } = scenario
  return startLocalEdge({
    profile: front.profile,
    phase: firstPhase(scenario),
    maxStalenessMs: edge.maxStalenessMs,
    sessionTtlMs: edge.sessionTtlMs,
    crl: edge.crl,
    brokerPort: broker.port,
    persistDir,
    bundlePlugins,
  })
}

/** Where the platform passes the leaf only, whoever verifies it needs the intermediates at hand. */
async function publishTrust(
  edge: LocalEdge,
  { front }: Scenario,
  authority: Authority,
): Promise<void> {
  await edge.publish('anchors.pem', Buffer.from(authority.anchorsPem))
  if (playedPlatforms[front.profile].passes === 'leaf')
    await edge.publish('intermediates.pem', Buffer.from(authority.intermediatesPem))
}

const dayMs = 86_400_000

function firstPhase({ phases }: Scenario): Phase {
  const [first] = phases
  if (first === undefined) throw new RangeError('the scenario has no phase')
  return first
}
