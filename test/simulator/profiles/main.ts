import { parseArgs } from 'node:util'
import type { Run } from '#simulator/engine/run.ts'
import { frontProfileNames, type FrontProfileName } from '#simulator/scenario/scenario.ts'
import { compareRuns, runThrough, type Comparison } from './through-profiles.ts'

/*
 * A scenario, the quickstart by default, through every platform that the front can play. One line for
 * each run. Exit status 0 when every run passed and all came to the decisions of the first; 1 where
 * one did not: the first line of the event log that differs is printed; 2: the input cannot be used.
 */

const usage = `usage: node test/simulator/profiles/main.ts [--scenario FILE] [--profile NAME]… [--days N] [--devices N]
profiles: ${frontProfileNames.join(', ')}`

const flags = readFlags()
let failed = 0
say(
  row([
    'profile',
    'decisions',
    'accepted',
    'refused',
    'handshakes',
    'seconds',
    'of the worker',
    '',
  ]),
)
let first: Run | undefined
for (const profile of flags.profiles) {
  const run = await runThrough(flags.scenario, { ...flags.overrides, profile })
  first ??= run
  const comparison = compareRuns(profile, run, first)
  say(describe(comparison))
  if (!isRight(comparison)) failed += 1
}
say(
  failed === 0 ? `PASS  ${flags.profiles.length} runs, the same decisions` : `FAIL  ${failed} runs`,
)
process.exitCode = failed === 0 ? 0 : 1

function isRight({ run, difference }: Comparison): boolean {
  return run.result.verdict === 'pass' && difference === undefined
}

function describe(comparison: Comparison): string {
  const { profile, run, compared, hash, difference } = comparison
  const { decisions, handshakes, wallMs, failures, phases } = run.result
  const accepted = phases.reduce((sum, phase) => sum + phase.accepted, 0)
  const counts = [decisions, accepted, decisions - accepted, handshakes, Math.round(wallMs / 1000)]
  const told = compared === 'outcomes' ? 'outcomes equal' : hash.slice(0, 16)
  const lines = [
    row([profile, ...counts.map(String), told, isRight(comparison) ? 'same' : 'DIFFERS']),
  ]
  if (difference !== undefined) {
    lines.push(
      `  event ${difference.line}`,
      `  wanted ${difference.wanted}`,
      `  found  ${difference.found}`,
    )
  }
  return [...lines, ...failures.map((failure) => `  ${failure}`)].join('\n')
}

function row(cells: readonly string[]): string {
  const widths = [20, 10, 9, 8, 11, 8, 17, 7]
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(' ')
    .trimEnd()
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        scenario: { type: 'string', default: 'simulator/scenarios/quickstart.yaml' },
        profile: { type: 'string', multiple: true },
        days: { type: 'string' },
        devices: { type: 'string' },
      },
    })
    const { scenario, profile = frontProfileNames, days, devices } = values
    const overrides = { days: numberOf('days', days), devices: numberOf('devices', devices) }
    return { scenario, profiles: profile.map(profileNamed), overrides }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    return process.exit(2)
  }
}

function profileNamed(name: string): FrontProfileName {
  const found = frontProfileNames.find((each) => each === name)
  if (found === undefined) throw new RangeError(`--profile ${name}: no such profile`)
  return found
}

function numberOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (number > 0) return number
  throw new RangeError(`--${flag} ${text}: expected a number above 0`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
