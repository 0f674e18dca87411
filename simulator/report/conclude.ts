import { formatCount, formatQuantity } from './format.ts'
import type { RunResult } from './run-result.ts'

type Grounds = Pick<
  RunResult,
  | 'ended'
  | 'failure'
  | 'decisions'
  | 'wrongAccepts'
  | 'unexplainedRefusals'
  | 'broken'
  | 'events'
  | 'exposures'
  | 'assertions'
> & { readonly scenario: Pick<RunResult['scenario'], 'maxStalenessMs'> }

/** Whether a run passed, and if not why: one sentence for each ground. */
export function conclude(grounds: Grounds): Pick<RunResult, 'verdict' | 'failures'> {
  const failures = [
    ...endFailures(grounds),
    ...decisionFailures(grounds),
    ...exposureFailures(grounds),
    ...vacuities(grounds),
    ...brokenAssertions(grounds),
  ]
  return { verdict: failures.length === 0 ? 'pass' : 'fail', failures }
}

function endFailures({ ended, failure }: Grounds): readonly string[] {
  if (ended === 'interrupted') return ['The run was interrupted before its end.']
  if (ended === 'failed') return [`The run broke off: ${failure ?? 'no cause was given'}.`]
  return []
}

function decisionFailures(grounds: Grounds): readonly string[] {
  const { wrongAccepts, unexplainedRefusals, broken } = grounds
  const counted = [
    { count: wrongAccepts, what: 'wrong accept' },
    { count: unexplainedRefusals, what: 'unexplained refusal' },
    { count: broken, what: 'attempt without a decision', plural: 'attempts without a decision' },
  ]
  return counted
    .filter(({ count }) => count > 0)
    .map(({ count, what, plural }) => `${formatQuantity(count, what, plural)}.`)
}

function exposureFailures({ exposures, scenario }: Grounds): readonly string[] {
  return exposures
    .filter(({ exposureMs }) => exposureMs > scenario.maxStalenessMs)
    .map(
      ({ device, exposureMs }) =>
        `${device} was let in for ${formatCount(exposureMs)} ms after its revocation was ` +
        `published; the bound is ${formatCount(scenario.maxStalenessMs)} ms.`,
    )
}

/** Asked of whole runs only: half a run has half of the counts. */
function brokenAssertions({ ended, assertions }: Grounds): readonly string[] {
  if (ended !== 'complete') return []
  return assertions
    .filter(({ holds }) => !holds)
    .map(({ assertion, found }) => `Asserted: ${assertion}; found ${found}.`)
}

/** A run that did not come to its end cannot be blamed for what it did not reach. */
function vacuities({ ended, events, decisions }: Grounds): readonly string[] {
  if (ended !== 'complete') return []
  if (decisions === 0) return ['Nothing was decided, so nothing was proven.']
  return events
    .filter(({ count, atLeast }) => count < atLeast)
    .map(({ event }) => `Planned, but it never happened: ${event}.`)
}
