import { readFileSync } from 'node:fs'
import { runLocally, type Run } from '#simulator/engine/run.ts'
import { formatScenarioError, parseScenario } from '#simulator/scenario/parse.ts'
import { withOverrides, type Overrides } from '#simulator/scenario/overrides.ts'
import type { FrontProfileName } from '#simulator/scenario/scenario.ts'
import { decisionsOf, firstDifference, hashOf, outcomesOf } from './decisions.ts'

/** One run through one platform, and how it compares with the first. */
export interface Comparison {
  readonly profile: FrontProfileName
  readonly run: Run
  /** Which of the two forms was compared: `decisions`, but for a terminator that decides by itself. */
  readonly compared: 'decisions' | 'outcomes'
  /** Of the decisions, SHA-256: the same for all platforms that leave them to the worker. */
  readonly hash: string
  readonly difference: ReturnType<typeof firstDifference>
}

/** A scenario's file, lived through the front of `overrides.profile`. Throws where it cannot be used. */
export function runThrough(file: string, overrides: Overrides): Promise<Run> {
  const parsed = parseScenario(readFileSync(file, 'utf8'), file)
  if (!parsed.ok) throw new Error(parsed.error.map(formatScenarioError).join('\n'))
  const scenario = withOverrides(parsed.value, overrides)
  return runLocally({
    scenario,
    file,
    replay: `npm run sallyport -- run ${file} --profile ${scenario.front.profile}`,
    port: 0,
    signal: new AbortController().signal,
    onProgress: () => {},
  })
}

/** How the run through `profile` compares with the one that all are compared with. */
export function compareRuns(profile: FrontProfileName, run: Run, first: Run): Comparison {
  // In verify mode ALB cuts off whom it refuses, and says nothing.
  const compared = profile === 'alb' ? 'outcomes' : 'decisions'
  const form = compared === 'outcomes' ? outcomesOf : decisionsOf
  const difference = firstDifference(form(run.log), form(first.log))
  return { profile, run, compared, hash: hashOf(decisionsOf(run.log)), difference }
}
