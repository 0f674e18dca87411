import { faultOf, faults, type Fault, type Played } from '../../chaos/faults/catalogue.ts'
import type { PlayedEnrolment } from '../../chaos/faults/enrolment/stage.ts'
import { findingsOf } from '../../chaos/findings.ts'
import { reportLines } from '../../chaos/print.ts'
import { rehearse } from '../../chaos/rehearse.ts'
import type { Check } from '../../chaos/stage.ts'
import { setupName, type GatewaySetup } from '../../gateways/gateway.ts'
import { createPaint, wantsColour } from '../../report/paint.ts'
import { tableLines } from '../../report/text-table.ts'
import { unusable } from '../options.ts'
import type { WorldCa } from '../../onboarding/authorities.ts'
import { enrolmentLines } from './enrolment-lines.ts'
import type { ChaosFlags } from './flags.ts'
import { endOnSignals, forEachSetup, machineClock, setupsOf } from './targets.ts'

/** Prints the forty faults. */
export function listFaults({ json }: Pick<ChaosFlags, 'json'>): void {
  const rows = faults.map(({ played, ...told }) => ({ ...told, played: placesOf(played) }))
  const lines = tableLines(
    (['id', 'name', 'fault', 'has to hold', 'played'] as const).map((heading) => ({
      heading,
      align: 'left',
    })),
    rows.map(({ id, name, fault, invariant, played }) => [id, name, fault, invariant, played]),
  )
  process.stdout.write(`${json === true ? JSON.stringify(rows) : lines.join('\n')}\n`)
}

/** Plays one fault before a target. Sets the exit status: 0 what has to hold holds, 1 findings. */
export async function playFault(text: string, flags: ChaosFlags): Promise<void> {
  const fault = faultOf(text) ?? unusable(`no fault is called ${text} (chaos list has them all)`)
  if (!fault.played.some(({ by }) => by === 'gateway' || by === 'enrolment')) {
    unusable(`${fault.id} ${fault.name} is not played by this command: ${placesOf(fault.played)}`)
  }
  await play([fault], flags)
}

/** Plays every fault that can be played before a target. */
export function playAllFaults(flags: ChaosFlags): Promise<void> {
  return play(faults, flags)
}

interface Result {
  readonly setup: GatewaySetup
  readonly checks: readonly Check[]
}

async function play(chosen: readonly Fault[], { target, json }: ChaosFlags): Promise<void> {
  endOnSignals()
  const results = await playBeforeGateways(chosen, target)
  const est = await playBeforeEst(chosen, target)
  if (results.length + est.checks.length === 0) {
    const ids = chosen.map(({ id, played }) => `${id}: ${placesOf(played)}`)
    unusable(`none of this can be played before ${target} (${ids.join('; ')})`)
  }
  const paint = createPaint(wantsColour(process.stdout, process.env))
  const all = [...results.flatMap(({ checks }) => checks), ...est.checks]
  const lines = [
    ...countLines(chosen, all),
    '',
    ...(results.length === 0 ? [] : reportLines(results, paint)),
    ...(est.checks.length === 0 ? [] : enrolmentLines(est, paint)),
  ]
  process.stdout.write(json === true ? jsonOf(results, est) : `${lines.join('\n')}\n`)
  process.exitCode = all.every(({ holds }) => holds) ? 0 : 1
}

/** Only of configurations that something was played before. */
async function playBeforeGateways(
  chosen: readonly Fault[],
  target: string,
): Promise<readonly Result[]> {
  const acts = chosen.flatMap(({ id, played }) =>
    played.flatMap((each) => (each.by === 'gateway' ? [{ id, ...each }] : [])),
  )
  if (target === 'est' || acts.length === 0) return []
  const results = await forEachSetup(setupsOf(target), async (setup) => {
    const checks: Check[] = []
    for (const { id, of, run } of acts) {
      if (suits(of, setup))
        checks.push(...(await rehearse(setup, [{ fault: id, run }], machineClock)))
    }
    return { setup, checks }
  })
  return results.filter(({ checks }) => checks.length > 0)
}

/** The targets that have an EST server. */
const withEst: readonly string[] = ['est', 'sallyport', 'all']

async function playBeforeEst(chosen: readonly Fault[], target: string): Promise<PlayedEnrolment> {
  const acts = chosen.flatMap(({ id, played }) =>
    played.flatMap((each) => (each.by === 'enrolment' ? [{ id, ...each }] : [])),
  )
  if (!withEst.includes(target) || acts.length === 0) return { checks: [], beside: [] }
  // Loaded only where it is used: the edge and its registry take a moment.
  const { playEnrolment } = await import('../../chaos/faults/enrolment/play.ts')
  const all: PlayedEnrolment[] = []
  for (const { id, run, furtherCas } of acts) {
    process.stderr.write(`EST server, ${id}…\n`)
    const options = { fault: id, seed: enrolmentSeed, nowMs: machineClock.now() }
    const further = furtherCas && {
      furtherCas: (fleet: WorldCa) => furtherCas(enrolmentSeed, fleet),
    }
    all.push(await playEnrolment(run, { ...options, ...further }))
  }
  return {
    checks: all.flatMap(({ checks }) => checks),
    beside: all.flatMap(({ beside }) => beside),
  }
}

/** Keys, serials and tokens of those faults come from it: each run is the same. */
const enrolmentSeed = 1

function suits(of: 'any' | 'cookies' | 'https', { gateway, protocol }: GatewaySetup): boolean {
  if (of === 'any') return true
  return of === 'cookies' ? gateway.startsWith('sallyport') : protocol === 'https'
}

/** Each fault with its attempts, and how many of them came out wrong. */
function countLines(
  chosen: readonly Fault[],
  checks: readonly Pick<Check, 'fault' | 'holds'>[],
): readonly string[] {
  return chosen.flatMap(({ id, name, invariant }) => {
    const own = checks.filter(({ fault }) => fault === id)
    const wrong = own.filter(({ holds }) => !holds).length
    const count = wrong === 0 ? `ok ${own.length}` : `BAD ${wrong}/${own.length}`
    return own.length === 0 ? [] : [`${id.padEnd(4)} ${count.padEnd(10)} ${name}: ${invariant}`]
  })
}

function jsonOf(results: readonly Result[], enrolment: PlayedEnrolment): string {
  const gateways = results.map(({ setup, checks }) => ({ gateway: setupName(setup), checks }))
  const findings = results.flatMap(({ setup, checks }) => findingsOf(setup, checks))
  return `${JSON.stringify({ version: 1, gateways, findings, enrolment }, undefined, 2)}\n`
}

const placesOf = (played: readonly Played[]): string => [...new Set(played.map(wordsOf))].join('; ')

function wordsOf(played: Played): string {
  switch (played.by) {
    case 'gateway':
      return 'chaos run'
    case 'enrolment':
      return 'chaos run --target est'
    case 'test':
      return played.file
    case 'scenario':
      return `a scenario: ${played.what}`
    case 'nothing':
      return played.why
  }
}
