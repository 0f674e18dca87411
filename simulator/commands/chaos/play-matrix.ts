import { findingsOf } from '../../chaos/findings.ts'
import { runMatrix, type SetupResult } from '../../chaos/matrix.ts'
import { matrixLines, reportLines } from '../../chaos/print.ts'
import { createPaint, wantsColour } from '../../report/paint.ts'
import type { ChaosFlags } from './flags.ts'
import { endOnSignals, forEachSetup, machineClock, setupsOf } from './targets.ts'

/** Runs the matrix before a target and prints it. Sets the exit status: 0 no finding, 1 findings. */
export async function playMatrix({ target, json }: ChaosFlags): Promise<void> {
  endOnSignals()
  const results = await forEachSetup(setupsOf(target), (setup) => runMatrix(setup, machineClock))
  const paint = createPaint(wantsColour(process.stdout, process.env))
  const lines = [...matrixLines(results, paint), '', ...reportLines(results, paint)]
  process.stdout.write(json === true ? jsonOf(results) : `${lines.join('\n')}\n`)
  const isWell = results.every(({ checks }) => checks.every(({ holds }) => holds))
  process.exitCode = isWell ? 0 : 1
}

/** A document for machines; `version` moves when its form does. */
function jsonOf(results: readonly SetupResult[]): string {
  const setups = results.map(({ setup: { gateway, variant, protocol }, ...rest }) => ({
    gateway,
    variant,
    protocol,
    ...rest,
  }))
  const findings = results.flatMap(({ setup, checks }) => findingsOf(setup, checks))
  return `${JSON.stringify({ version: 1, setups, findings }, undefined, 2)}\n`
}
