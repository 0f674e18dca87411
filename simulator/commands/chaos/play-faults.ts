import { faultOf, faults, type Fault, type Played } from '../../chaos/faults/catalogue.ts'
import { findingsOf } from '../../chaos/findings.ts'
import { reportLines } from '../../chaos/print.ts'
import { rehearse } from '../../chaos/rehearse.ts'
import type { Check } from '../../chaos/stage.ts'
import { setupName, type GatewaySetup } from '../../gateways/gateway.ts'
import { createPaint, wantsColour } from '../../report/paint.ts'
import { tableLines } from '../../report/text-table.ts'
import { unusable } from '../options.ts'
import type { ChaosFlags } from './flags.ts'
import { endOnSignals, forEachSetup, machineClock, setupsOf } from './targets.ts'

/** Prints the forty faults. */
export function listFaults({ json }: Pick<ChaosFlags, 'json'>): void {
  const rows = faults.map(({ played, ...told }) => ({ ...told, played: wordsOf(played) }))
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
  if (fault.played.by !== 'gateway') {
    unusable(`${fault.id} ${fault.name} is not played before a gateway: ${wordsOf(fault.played)}`)
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
  const results = await forEachSetup(setupsOf(target), async (setup) => {
    const checks: Check[] = []
    for (const { id, played } of chosen) {
      if (played.by !== 'gateway' || !suits(played.of, setup)) continue
      checks.push(...(await rehearse(setup, [{ fault: id, run: played.run }], machineClock)))
    }
    return { setup, checks }
  })
  const attempts = results.flatMap(({ checks }) => checks)
  if (attempts.length === 0) unusable(`none of this can be played before ${target}`)
  const paint = createPaint(wantsColour(process.stdout, process.env))
  const lines = [...countLines(chosen, attempts), '', ...reportLines(results, paint)]
  process.stdout.write(json === true ? jsonOf(results) : `${lines.join('\n')}\n`)
  process.exitCode = attempts.every(({ holds }) => holds) ? 0 : 1
}

function suits(of: 'any' | 'cookies' | 'https', { gateway, protocol }: GatewaySetup): boolean {
  if (of === 'any') return true
  return of === 'cookies' ? gateway.startsWith('sallyport') : protocol === 'https'
}

/** Each fault with its attempts, and how many of them came out wrong. */
function countLines(chosen: readonly Fault[], checks: readonly Check[]): readonly string[] {
  return chosen.flatMap(({ id, name, invariant }) => {
    const own = checks.filter(({ fault }) => fault === id)
    const wrong = own.filter(({ holds }) => !holds).length
    const count = wrong === 0 ? `ok ${own.length}` : `BAD ${wrong}/${own.length}`
    return own.length === 0 ? [] : [`${id.padEnd(4)} ${count.padEnd(10)} ${name}: ${invariant}`]
  })
}

function jsonOf(results: readonly Result[]): string {
  const gateways = results.map(({ setup, checks }) => ({ gateway: setupName(setup), checks }))
  const findings = results.flatMap(({ setup, checks }) => findingsOf(setup, checks))
  return `${JSON.stringify({ version: 1, gateways, findings }, undefined, 2)}\n`
}

function wordsOf(played: Played): string {
  switch (played.by) {
    case 'gateway':
      return 'chaos run'
    case 'test':
      return played.file
    case 'scenario':
      return `a scenario: ${played.what}`
    case 'onboarding':
      return 'needs onboarding: an enrolment endpoint and its registry'
    case 'nothing':
      return played.why
  }
}
