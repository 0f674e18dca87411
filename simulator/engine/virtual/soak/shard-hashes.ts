import { logHash } from '../log-hash.ts'
import { unshardable } from '../run-sharded.ts'
import { findRevocations, liveShard, type ShardResult } from '../shard.ts'
import { isLivable } from '../world-faults.ts'
import { drawSketch, scenarioOf, type Sketch } from './draw.ts'
import type { Lived } from './soak.ts'
import type { Scenario } from '../../../scenario/scenario.ts'

/** Of so many decisions of the core one is asked of the whole app as well. */
const appEvery = 20

/**
 * Lives the world of a seed device by device, once for each number of shards: every decision has to be
 * right, and the log's hash the same. What devices meet in is left out of the world (`unshardable`).
 *
 * @param counts numbers of shards, each at least 1
 */
export async function liveInShards(seed: number, counts: readonly number[]): Promise<Lived> {
  const sketch = withoutMeetings(drawSketch(seed))
  const scenario = scenarioOf(sketch)
  const [reason] = scenario === undefined ? ['it contradicts itself'] : unshardable(scenario)
  if (scenario === undefined || reason !== undefined) {
    throw new Error(`the world of seed ${seed} cannot be lived in shards: ${reason}`)
  }
  const lived: { readonly shards: number; readonly hash: string; readonly parts: ShardResult[] }[] =
    []
  for (const shards of counts) {
    const parts = await liveAll(scenario, shards)
    lived.push({ shards, parts, hash: logHash(parts.flatMap(({ digests }) => digests)) })
  }
  const [first] = lived
  const differing = lived.filter(({ hash }) => hash !== first?.hash)
  const collected = lived.flatMap(({ parts }) =>
    parts.flatMap((each) => each.merged.collected ?? []),
  )
  return {
    sketch,
    decisions: collected.reduce((sum, { decisions }) => sum + decisions, 0),
    failures: [
      ...differing.map(
        ({ shards, hash }) =>
          `the log of ${shards} shards has the hash ${hash}, that of ${first?.shards} has ${first?.hash}`,
      ),
      ...collected.flatMap(({ wrong }) =>
        wrong.map(
          ({ attempt, verdict }) => `${attempt.actor}: ${verdict.verdict}: ${verdict.because}`,
        ),
      ),
    ],
  }
}

/** All shards, one after another, in this thread: the threads of a soak have a seed each. */
async function liveAll(scenario: Scenario, shards: number): Promise<ShardResult[]> {
  const revocations = await findRevocations(scenario)
  const parts: ShardResult[] = []
  for (let shard = 0; shard < shards; shard += 1) {
    const options = { scenario, shard, shards, revocations, appEvery, log: 'digests' } as const
    parts.push(await liveShard(options, () => {}))
  }
  return parts
}

/** Without what `unshardable` names. */
function withoutMeetings({ front, chaos, fleets, ...sketch }: Sketch): Sketch {
  return {
    ...sketch,
    front: front.profile === 'alb' ? { ...front, profile: 'cloudflare' } : front,
    chaos: chaos.filter(isLivable),
    fleets: fleets.map(({ onboarding: __, ...fleet }) => fleet),
  }
}
