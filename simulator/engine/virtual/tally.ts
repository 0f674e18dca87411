import type { Instant } from '#shared/time.ts'
import type { JudgedAttempt, Observation } from '../../oracle/attempt.ts'
import type { Oracle } from '../../oracle/oracle.ts'
import type { Collector } from '../../report/collect.ts'
import type { PlacedPhase } from '../../scenario/phases.ts'
import type { UnnumberedAttempt } from '../deeds.ts'

/** Counts attempts in numbers, where one was judged that all of them are like. */
export interface Tally {
  /**
   * Counts an attempt that is like one before: the same certificate used the same way with the same
   * observation (the very object), while that verdict stands. False where it is like none.
   */
  takes(attempt: UnnumberedAttempt, phase: string, observation: Observation): boolean
  /** Counts an attempt that was judged by itself, and remembers it for those that are like it. */
  keep(judged: JudgedAttempt): void
  handshake(at: Instant): void
  /** Something new is in the ledger: every attempt is judged by itself again. */
  forget(): void
  /** Tells the collector all that was counted. Due before a revocation is written into the ledger or published. */
  flush(): void
}

/** Attempts of one kind within one step of time, all of them counted as this one. */
interface Cell {
  readonly judged: JudgedAttempt
  times: number
}

/** Steps of one kind of attempt; most of them empty in a short life. */
type Cells = (Cell | undefined)[]

/** What was judged last of one way to connect. */
interface Remembered {
  readonly judged: JudgedAttempt
  /** While its verdict stands: from its own instant, up to but not including this one. */
  readonly until: number
  readonly cells: Cells
}

/**
 * A tally that the oracle's word bounds: a verdict is used again only until the oracle says that it
 * may change (`Oracle.standsUntil`), and each step of the report's timeline has one of its own.
 */
export function createTally(
  oracle: Oracle,
  collector: Collector,
  phases: readonly PlacedPhase[],
): Tally {
  const kinds = new Map<string, Cells>()
  const handshakes = phases.map(({ startedAt, endsAt }) => ({ startedAt, endsAt, times: 0 }))
  const remembered: (Remembered | undefined)[] = []
  return {
    takes(attempt, phase, observation) {
      const { at } = attempt
      const before = remembered[wayOf(attempt)]
      if (before === undefined || at >= before.until) return false
      if (!isLike(attempt, phase, observation, before.judged)) return false
      const cell = before.cells[collector.stepOf(at)]
      if (cell === undefined) return false
      cell.times += 1
      return true
    },
    keep(judged) {
      const { attempt, verdict } = judged
      if (verdict.verdict !== 'right' && verdict.verdict !== 'either') {
        collector.attempt(judged)
        return
      }
      const kind = collector.kindOf(judged)
      const cells = kinds.get(kind) ?? []
      kinds.set(kind, cells)
      const step = collector.stepOf(attempt.at)
      const cell = cells[step]
      if (cell === undefined) cells[step] = { judged, times: 1 }
      else cell.times += 1
      remembered[wayOf(attempt)] = { judged, until: oracle.standsUntil(attempt), cells }
    },
    handshake(at) {
      for (const phase of handshakes) {
        if (at >= phase.endsAt) continue
        phase.times += 1
        return
      }
      collector.handshake(at)
    },
    forget() {
      remembered.length = 0
    },
    flush() {
      for (const phase of handshakes) {
        if (phase.times > 0) collector.handshake(phase.startedAt, phase.times)
        phase.times = 0
      }
      for (const { judged, times } of inOrder([...kinds.values()])) collector.attempt(judged, times)
      kinds.clear()
      remembered.length = 0
    },
  }
}

/** A device goes between a few ways within each session: one is remembered of each. */
function wayOf({ protocol, connection }: UnnumberedAttempt): number {
  const way = connection === 'fresh' ? 0 : connection === 'held' ? 1 : 2
  return protocol === 'https' ? way : way + 3
}

function isLike(
  { at, actor, serial, intent, cookieSerial }: UnnumberedAttempt,
  phase: string,
  observation: Observation,
  { attempt, observation: seen }: JudgedAttempt,
): boolean {
  return (
    seen === observation &&
    attempt.serial === serial &&
    attempt.actor === actor &&
    attempt.phase === phase &&
    attempt.intent === intent &&
    attempt.cookieSerial === cookieSerial &&
    attempt.at <= at
  )
}

/** The collector wants to be told in the order of time. */
function inOrder(kinds: readonly Cells[]): readonly Cell[] {
  const steps = Math.max(0, ...kinds.map(({ length }) => length))
  return Array.from({ length: steps }, (_, step) =>
    kinds.flatMap((cells) => cells[step] ?? []),
  ).flat()
}
