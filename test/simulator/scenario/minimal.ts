import { parseScenario } from '#simulator/scenario/parse.ts'
import type { Scenario } from '#simulator/scenario/scenario.ts'

/** The shortest scenario there is: every default applies. */
export const minimal = `version: 1
name: minimal
seed: 7
time:
  duration: 10d
phases:
  - name: only
    for: 10d
    mode: verify
fleets:
  - kind: car
    count: 3
    certificate:
      validity: 28d
    traffic:
      connect_every: 1d
`

/** A value that a test takes for granted; it fails where there is none. */
export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('what the test needs is not there')
  return value
}

/** The scenario that a text gives; the test fails with its errors where there are any. */
export function scenarioOf(text: string): Scenario {
  const parsed = parseScenario(text, 'test.yaml')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error, undefined, 2))
  return parsed.value
}
