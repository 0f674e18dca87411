import { shift } from '#shared/time.ts'
import { hash32 } from '../../random.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import { digestsOf } from './digests.ts'
import { Life } from './life.ts'
import { createMerger, type Merged } from './merge.ts'
import { createChronicle, muted } from './recorder.ts'
import type { FoundRevocation } from './snapshots.ts'
import { createStage, planLives, type StageOptions } from './stage.ts'

/** Which part of a run is lived here: devices whose name's hash leaves this rest. */
export interface ShardOptions extends StageOptions {
  readonly shard: number
  readonly shards: number
  /** `lines`: every line, to write a log of; `digests`: one hash for each device. */
  readonly log: 'lines' | 'digests' | 'none'
}

export interface ShardResult {
  readonly merged: Merged
  readonly lines: readonly string[]
  /** SHA-256, hexadecimal, of each actor's lines. */
  readonly digests: readonly string[]
  readonly counts: ShardCounts
}

export interface ShardCounts {
  readonly lives: number
  /** Instants at which a device woke and did something. */
  readonly events: number
  /** Decisions that verified a whole path, and that asked a known one again. */
  readonly whole: number
  readonly again: number
  /** Decisions of the core that the whole app was asked as well. */
  readonly compared: number
  /** Of the lives themselves, their identities included; not of the lists that were published first. */
  readonly cpuMs: number
}

/** Lives that share a ledger and its counts: few enough to stay small, enough to make them seldom. */
const chronicleLives = 256

/**
 * Lives all devices of one shard, one after another.
 *
 * @param onProgress is told of the lives so far, and of what was counted since it was told the last time
 * @param takeLines takes the lines of each life when it is over; lives go on when it is done
 */
export async function liveShard(
  options: ShardOptions,
  onProgress: (lives: number, counted: Merged) => void,
  takeLines?: (lines: readonly string[]) => Promise<void>,
): Promise<ShardResult> {
  const { scenario, shard, shards, log } = options
  const kept = log === 'none' && takeLines === undefined ? 'none' : 'kept'
  const plan = planLives(scenario)
  const stage = await createStage(options, plan)
  const started = process.threadCpuUsage()
  const merger = createMerger()
  let untold = createMerger()
  let toldLives = 0
  const lines: string[] = []
  const digests: string[] = []
  const mine = plan.profiles.filter(({ id }) => hash32(id) % shards === shard)
  const end = stage.end
  let chronicle = createChronicle(scenario, kept, stage.published)
  let compared = 0
  let lived = 0
  const close = (): void => {
    const result = chronicle.result(end)
    merger.add(result)
    untold.add(result)
    compared += result.compared
  }
  for (const [index, profile] of mine.entries()) {
    const fate = plan.fateOf(profile)
    // One life's publication would tell of another's revocation that no list of the run names.
    const isFull = index % chronicleLives === 0 || chronicle.isPublicationDue()
    if (index > 0 && isFull) {
      close()
      // Sums over as many lives as share a chronicle: a part of a second.
      if (index - toldLives >= chronicleLives) {
        onProgress(index, untold.merged())
        untold = createMerger()
        toldLives = index
      }
      chronicle = createChronicle(scenario, kept, stage.published)
    }
    const life = new Life(fate, stage, chronicle.recorder)
    await life.live(end)
    lived += life.events
    const taken = chronicle.takeLines()
    if (log === 'lines') for (const line of taken) lines.push(line)
    if (log === 'digests') digests.push(...digestsOf(taken))
    await takeLines?.(taken)
  }
  close()
  const cpu = process.threadCpuUsage(started)
  const counts = {
    lives: mine.length,
    events: lived,
    ...stage.core.counts,
    compared,
    cpuMs: (cpu.user + cpu.system) / 1000,
  }
  return { merged: merger.merged(), lines, digests, counts }
}

/**
 * Whose certificates the revocations of a run fall upon: the lives of those devices, up to then. No
 * list that names them is out before, so empty ones stand for all.
 */
export async function findRevocations(scenario: Scenario): Promise<readonly FoundRevocation[]> {
  const plan = planLives(scenario)
  if (plan.revocations.length === 0) return []
  const never = Number.POSITIVE_INFINITY
  const stage = await createStage({ scenario, revocations: [], appEvery: never }, plan)
  const revoked = new Map(plan.revocations.map((each) => [each.device, each]))
  const found: FoundRevocation[] = []
  for (const profile of plan.profiles) {
    const planned = revoked.get(profile.id)
    if (planned === undefined) continue
    const life = new Life({ profile, revocation: undefined, attacks: [] }, stage, muted)
    await life.live(shift(planned.at, -1))
    const { credential } = life
    if (credential === undefined) {
      throw new Error(`${planned.device} is to be revoked and has no certificate yet`)
    }
    found.push({ ...planned, serial: credential.serial, issuer: credential.issuer })
  }
  return found
}
