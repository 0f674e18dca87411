import { createBoundedMap } from '#shared/bounded-map.ts'
import type { Bytes } from '#shared/bytes.ts'
import { ageAt, type Clock, type Instant } from '#shared/time.ts'
import type { After } from '../../routing/deadline.ts'
import { askingAgain, awayRetryMs, tryingMs } from './asking-again.ts'
import type { ObjectName, Objects } from './objects.ts'
import { within } from './within.ts'

export interface ShardLoadingOptions {
  readonly objects: Objects
  readonly clock: Clock
  /** Lets time pass between two tries. */
  readonly wait: (ms: number) => Promise<void>
  readonly after?: After | undefined
  /** Keeps the runtime alive for work that no answer waits for. */
  readonly background: (work: Promise<unknown>) => void
  /** For so long after a shard could not be had nobody waits for it. */
  readonly awayKnownMs: number
  /** Takes why a shard did not come. */
  readonly report: (because: string) => void
}

/** Shards of lists, as decisions ask for them. */
export interface ShardLoading {
  /** The octets of a shard; undefined where they are not to be had, or not within `patienceMs`: reported. */
  load(name: ObjectName, patienceMs: number): Promise<Bytes | undefined>
}

/** Between two tries of one shard: together as long as the most patient waits. */
const retryAfterMs = [50, 200, 500, 1000, 1000, 1000, 1000] as const

/** Of shards that came when nobody waited any more: at half a megabyte each, and until they are asked for. */
const arrivedMax = 16

/** Of shards that are away: a thousand are those of a list of sixteen million. */
const notesMax = 1024

/** A shard that could not be had. */
interface Away {
  readonly failedAt: Instant
  /** Since when it is tried beside the requests; undefined where it is not. */
  readonly tryingSince: Instant | undefined
}

/**
 * Loads shards, and tries for as long as whoever asks has patience: a bucket or a control plane that
 * starts again is no reason to refuse anybody. What comes too late is kept for the next who asks, and
 * while a shard is known to be away nobody waits for it.
 */
export function createShardLoading(options: ShardLoadingOptions): ShardLoading {
  const { clock, background, report, objects, wait } = options
  const arrived = new Map<ObjectName, Bytes>()
  const away = createBoundedMap<ObjectName, Away | 'back'>({
    countMax: notesMax,
    weightMax: notesMax,
  })
  const noteFailed = (name: ObjectName): void =>
    away.set(name, { failedAt: clock.now(), tryingSince: undefined }, 1)
  const keepLate = (name: ObjectName, octets: Bytes | undefined): void => {
    away.set(name, 'back', 1)
    if (octets === undefined) return
    const [oldest] = arrived.keys()
    if (arrived.size >= arrivedMax && oldest !== undefined) arrived.delete(oldest)
    arrived.set(name, octets)
  }
  const goOnBeside = (name: ObjectName, work: Promise<Bytes | undefined>): void =>
    background(
      work.then(
        (octets) => keepLate(name, octets),
        () => noteFailed(name),
      ),
    )
  const tryBeside = (name: ObjectName, { failedAt, tryingSince }: Away): void => {
    const now = clock.now()
    const isTried = tryingSince !== undefined && ageAt(now, tryingSince) < tryingMs
    if (isTried || ageAt(now, failedAt) < awayRetryMs) return
    away.set(name, { failedAt, tryingSince: now }, 1)
    goOnBeside(name, objects.get(name))
  }
  return {
    async load(name, patienceMs) {
      const late = arrived.get(name)
      if (late !== undefined) {
        arrived.delete(name)
        return late
      }
      const known = away.get(name)
      const isAway = known !== undefined && known !== 'back'
      if (isAway && ageAt(clock.now(), known.failedAt) < options.awayKnownMs) {
        tryBeside(name, known)
        return undefined
      }
      const work = askingAgain(() => objects.get(name), retryAfterMs, wait)
      try {
        const octets = await within(patienceMs, work, options.after)
        if (isAway) away.set(name, 'back', 1)
        if (octets === undefined) report(`the shard ${name} of a list is missing`)
        return octets
      } catch (error) {
        report(`the shard ${name} of a list did not come: ${String(error)}`)
        noteFailed(name)
        goOnBeside(name, work)
        return undefined
      }
    },
  }
}
