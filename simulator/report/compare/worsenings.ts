import { formatCount, formatDuration, formatQuantity } from '../format.ts'
import { longestExposureMs, overexposed } from './measures.ts'
import type { AssertionPair } from './pairs.ts'
import type { ComparedResult } from './read-result.ts'

/**
 * In what the second run is worse, of the things that count: those that let a run fail. A latency or
 * an availability counts where the scenario asserts one.
 */
export function worsenings(
  a: ComparedResult,
  b: ComparedResult,
  assertions: readonly AssertionPair[],
): readonly string[] {
  return [
    ...worseEnd(a, b),
    ...worseDecisions(a, b),
    ...worseExposure(a, b),
    ...assertions.flatMap(worseAssertion),
    ...missedEvents(a, b),
  ]
}

function worseEnd(a: ComparedResult, b: ComparedResult): readonly string[] {
  if (a.ended !== 'complete' || b.ended === 'complete') return []
  return [b.ended === 'failed' ? 'It broke off.' : 'It was interrupted before its end.']
}

function worseDecisions(a: ComparedResult, b: ComparedResult): readonly string[] {
  const counted = [
    { what: 'wrong accept', of: ({ wrongAccepts }: ComparedResult) => wrongAccepts },
    {
      what: 'unexplained refusal',
      of: ({ unexplainedRefusals }: ComparedResult) => unexplainedRefusals,
    },
    {
      what: 'attempt without a decision',
      plural: 'attempts without a decision',
      of: ({ broken }: ComparedResult) => broken,
    },
  ]
  const rises = counted
    .filter(({ of }) => of(b) > of(a))
    .map(
      ({ what, plural, of }) =>
        `${formatQuantity(of(b), what, plural)}, where there ${of(a) === 1 ? 'was' : 'were'} ${formatCount(of(a))}.`,
    )
  const isVoid = a.decisions > 0 && b.decisions === 0
  return isVoid ? [...rises, 'Nothing was decided, so nothing was proven.'] : rises
}

/** More windows above the bound than before, or a longer one: each is measured by its own bound. */
function worseExposure(a: ComparedResult, b: ComparedResult): readonly string[] {
  const [before, after] = [overexposed(a), overexposed(b)]
  if (after.length === 0) return []
  const [wasMs, isMs] = [longestExposureMs(a), longestExposureMs(b)]
  if (after.length <= before.length && isMs <= wasMs) return []
  const longest = after.find(({ exposureMs }) => exposureMs === isMs)
  return [
    `${formatQuantity(after.length, 'revoked certificate')} let in for longer than ` +
      `${formatDuration(b.scenario.maxStalenessMs)} after publication, where there were ` +
      `${formatCount(before.length)}; ${longest?.device ?? 'one'} (serial ${longest?.serial ?? 'unknown'}) for ` +
      `${formatDuration(isMs)}.`,
  ]
}

/** An assertion that is new and does not hold is a loss as well: the run fails by it. */
function worseAssertion({ assertion, a, b }: AssertionPair): readonly string[] {
  if (b === undefined || b.holds || a?.holds === false) return []
  if (a === undefined) return [`Asserted for the first time: ${assertion}; found ${b.found}.`]
  return [`No longer holds: ${assertion}; found ${b.found}, where it was ${a.found}.`]
}

/** A planned event that no longer happens: what it proved is not proven any more. */
function missedEvents(a: ComparedResult, b: ComparedResult): readonly string[] {
  if (b.ended !== 'complete') return []
  const happened = new Set(
    a.events.filter(({ count, atLeast }) => count >= atLeast).map(({ event }) => event),
  )
  return b.events
    .filter(({ event, count, atLeast }) => count < atLeast && happened.has(event))
    .map(({ event }) => `Planned, and it no longer happens: ${event}.`)
}
