import { formatScenarioError, parseScenario } from '../../scenario/parse.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import { readHandwritten } from '../handwritten.ts'
import { messageOf, unusable } from '../options.ts'

/** The scenario in a file; ends the command, with every fault on a line of its own, where there is none. */
export async function readScenarioFile(file: string): Promise<Scenario> {
  const read = await tryReadScenario(file)
  if (read.scenario !== undefined) return read.scenario
  for (const line of read.complaints) console.error(line)
  return unusable(`${file} is not a scenario that can be run`)
}

/** The same without an end: the scenario, or what is wrong with the file. */
export async function tryReadScenario(
  file: string,
): Promise<
  | { readonly scenario: Scenario; readonly complaints: readonly [] }
  | { readonly scenario: undefined; readonly complaints: readonly string[] }
> {
  const text = await readHandwritten(file).catch((error: unknown) => ({ error }))
  if (typeof text !== 'string') {
    return {
      scenario: undefined,
      complaints: [`cannot read the scenario: ${messageOf(text.error)}`],
    }
  }
  const parsed = parseScenario(text, file)
  return parsed.ok
    ? { scenario: parsed.value, complaints: [] }
    : { scenario: undefined, complaints: parsed.error.map(formatScenarioError) }
}
