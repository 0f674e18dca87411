import { readFileSync } from 'node:fs'
import { runLocally, type Run } from '#simulator/engine/run.ts'
import { noSabotage, type Sabotage } from '#simulator/engine/local-stage.ts'
import { withOverrides, type Overrides } from '#simulator/scenario/overrides.ts'
import { parseScenario } from '#simulator/scenario/parse.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'

const file = 'test/scenarios/small.yaml'

/** The scenario of the engine's tests: six days of eighteen devices. */
export function smallScenario(overrides: Overrides = {}): Scenario {
  const parsed = parseScenario(readFileSync(file, 'utf8'), file)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return withOverrides(parsed.value, overrides)
}

/** Runs it against gateway and target in workerd, changed by a sabotage or not. */
export function runSmall(overrides: Overrides = {}, sabotage: Sabotage = noSabotage): Promise<Run> {
  const scenario = smallScenario(overrides)
  return runLocally({
    scenario,
    file,
    replay: `npm run sallyport -- run ${file} --seed ${scenario.seed}`,
    port: 0,
    signal: new AbortController().signal,
    onProgress: () => {},
    sabotage,
  })
}
