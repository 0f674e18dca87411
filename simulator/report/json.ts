import type { RunResult } from './run-result.ts'

/** `report.json`: the result as it stands, instants as milliseconds since 1970, two spaces deep. */
export function renderJson(result: RunResult): string {
  return `${JSON.stringify(result, undefined, 2)}\n`
}
