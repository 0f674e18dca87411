import { formatCount, formatDuration } from './format.ts'
import { junitText, type JunitCase } from './junit-text.ts'
import type { RunResult } from './run-result.ts'
import { tellStory } from './story.ts'

/** `junit.xml`: a case for each invariant, each planned event and each assertion of a run. */
export function renderRunJunit(result: RunResult): string {
  const { scenario, wallMs, replay } = result
  return junitText({
    name: `sallyport run ${scenario.name}`,
    seconds: wallMs / 1000,
    properties: { seed: String(scenario.seed), replay },
    cases: [...invariantCases(result), ...eventCases(result), ...assertionCases(result)],
  })
}

function invariantCases(result: RunResult): readonly JunitCase[] {
  const { wrongAccepts, unexplainedRefusals, broken, decisions, ended, failure } = result
  return [
    invariant('the run comes to its end', ended === 'complete' ? [] : [failure ?? ended]),
    invariant('something is decided', decisions > 0 ? [] : ['nothing was']),
    counted('nobody is let in wrongly', wrongAccepts, stories(result, 'wrong_accept')),
    counted(
      'nobody is refused without a reason',
      unexplainedRefusals,
      stories(result, 'unexplained_refusal'),
    ),
    counted('every attempt is decided', broken, stories(result, 'broken')),
    invariant(boundOf(result), overexposed(result)),
  ]
}

function invariant(name: string, grounds: readonly string[]): JunitCase {
  const [message] = grounds
  const failure = message === undefined ? {} : { failure: { message, lines: grounds } }
  return { className: 'invariants', name, ...failure }
}

/** Of many that are wrong the stories of the first alone are kept. */
function counted(name: string, count: number, lines: readonly string[]): JunitCase {
  return invariant(name, count === 0 ? [] : [`found ${formatCount(count)}`, ...lines])
}

function stories({ wrong }: RunResult, verdict: string): readonly string[] {
  return wrong
    .filter((judged) => judged.verdict.verdict === verdict)
    .map(tellStory)
    .map(({ title, told }) => `${title}. ${told}`)
}

function boundOf({ scenario }: RunResult): string {
  return `nobody is let in for longer than ${formatDuration(scenario.maxStalenessMs)} after a published revocation`
}

function overexposed({ exposures, scenario }: RunResult): readonly string[] {
  return exposures
    .filter(({ exposureMs }) => exposureMs > scenario.maxStalenessMs)
    .map(({ device, serial, exposureMs }) => `${device}, serial ${serial}: ${exposureMs} ms`)
}

function eventCases(result: RunResult): readonly JunitCase[] {
  return result.events.map(({ event, count, atLeast }) => {
    const told = { className: 'planned events', name: event }
    const found = `happened ${formatCount(count)} times, at least ${formatCount(atLeast)} planned`
    return askedOfWhole(result, told, count >= atLeast, found)
  })
}

function assertionCases(result: RunResult): readonly JunitCase[] {
  return result.assertions.map(({ assertion, found, holds }) =>
    askedOfWhole(result, { className: 'assertions', name: assertion }, holds, `found ${found}`),
  )
}

/** Half a run has half of the counts: what it was not there to show is not held against it. */
function askedOfWhole(
  { ended }: RunResult,
  told: Pick<JunitCase, 'className' | 'name'>,
  holds: boolean,
  found: string,
): JunitCase {
  if (ended !== 'complete') return { ...told, skipped: 'the run did not come to its end' }
  return holds ? { ...told, output: [found] } : { ...told, failure: { message: found, lines: [] } }
}
