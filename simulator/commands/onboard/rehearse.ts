import { Command } from 'commander'
import { isoFromInstant } from '#shared/time.ts'
import type { OpenEdge, Progress, Rehearsal } from '#simulator/onboarding/rehearse.ts'
import { eventKinds, hourMs, planOf } from '#simulator/onboarding/plan.ts'
import { formatCount } from '#simulator/report/format.ts'
import { messageOf, unusable, wholeNumber } from '../options.ts'
import { sallyport } from '../replay.ts'
import { tellOnSignals } from '../tell-on-signals.ts'

interface RehearseFlags {
  readonly devices: number
  readonly overTls: number
  readonly seed: number
  readonly json?: true
}

export function rehearseCommand(): Command {
  return new Command('rehearse')
    .description(
      'enrol and renew a fleet against the EST server, with a CA that goes away for 12 h',
    )
    .option('--devices <count>', 'in virtual time, in this process; 0: none', wholeNumber(0), 1000)
    .option('--over-tls <count>', 'over real TLS on loopback; 0: none', wholeNumber(0), 0)
    .option('--seed <number>', 'all chance comes from it', wholeNumber(0), 1)
    .option('--json', 'the results as JSON')
    .addHelpText('after', help)
    .action(async (flags: RehearseFlags) => {
      await run(flags)
    })
}

const help = `
Devices get their first certificate by a factory certificate or a claim, renew at half of its life with
jitter, stay away for weeks and come back expired, are wiped and enrol again. Answers are lost, requests
doubled and crossed, and one device in five is imitated by somebody hostile. What was issued is held
against the ledger of the simulated CA and devices, which never asks the registry:
  no device loses service while the CA's absence is shorter than the safe outage,
  no key has two good certificates unless it renews, one request gives one certificate at most,
  each hostile request is refused with its code.
A kind of event that did not happen often enough fails the run: fewer than some 300 devices may be too few.
1,000 devices take some 10 seconds of CPU.

Exit status: 0 every rule held; 1 one did not, or too little happened; 2 the input cannot be used;
130 interrupted (nothing is told then).`

/** Of one registry in memory; a million devices take hours here. */
const devicesMax = 1_000_000

/** One part of the command: the same lives by another door. */
interface Part {
  readonly name: 'virtual' | 'over TLS'
  readonly devices: number
  readonly open: OpenEdge
}

interface Outcome {
  readonly name: Part['name']
  readonly rehearsal: Rehearsal
  readonly cpuS: number
  readonly wallS: number
}

async function run({ devices, overTls: tlsDevices, seed, json }: RehearseFlags): Promise<void> {
  if (devices + tlsDevices === 0) unusable('rehearse: --devices and --over-tls are both 0')
  if (Math.max(devices, tlsDevices) > devicesMax) {
    unusable(`rehearse: expected at most ${formatCount(devicesMax)} devices`)
  }
  tellOnSignals(() => 'nothing is told, since rules are held against the ledger at the end')
  // Loaded only where it is used: the edge and its packages take a moment to load.
  const { openVirtualEdge } = await import('#simulator/onboarding/edge.ts')
  const { overTls } = await import('#simulator/onboarding/over-tls.ts')
  const parts: readonly Part[] = [
    { name: 'virtual', devices, open: openVirtualEdge },
    { name: 'over TLS', devices: tlsDevices, open: overTls(Date.now()) },
  ]
  const outcomes: Outcome[] = []
  for (const part of parts.filter((each) => each.devices > 0)) {
    outcomes.push(await measured(part, seed).catch((error: unknown) => unusable(messageOf(error))))
  }
  process.stdout.write(json === true ? jsonOf(outcomes, seed) : outcomes.map(tableOf).join('\n'))
  const passed = outcomes.every(({ rehearsal }) => rehearsal.passed)
  if (!passed) console.error(`replay: ${replayOf({ devices, overTls: tlsDevices, seed })}`)
  process.exitCode = passed ? 0 : 1
}

const replayOf = ({ devices, overTls, seed }: RehearseFlags): string =>
  `${sallyport} onboard rehearse --devices ${devices} --over-tls ${overTls} --seed ${seed}`

async function measured({ name, devices, open }: Part, seed: number): Promise<Outcome> {
  const { rehearse } = await import('#simulator/onboarding/rehearse.ts')
  const started = { wall: performance.now(), cpu: process.cpuUsage() }
  const rehearsal = await rehearse(planOf(seed, devices), open, progressOf(name))
  const cpu = process.cpuUsage(started.cpu)
  return {
    name,
    rehearsal,
    cpuS: (cpu.user + cpu.system) / 1e6,
    wallS: (performance.now() - started.wall) / 1000,
  }
}

/** A line now and then: a terminal's patience. */
const tellEveryMs = 10_000

function progressOf(name: string): Progress {
  let toldMs = performance.now()
  return ({ requests, at }) => {
    const ms = performance.now()
    if (ms - toldMs < tellEveryMs) return
    toldMs = ms
    console.error(`${name}: ${formatCount(requests)} requests, ${isoFromInstant(at)} in the world`)
  }
}

function jsonOf(outcomes: readonly Outcome[], seed: number): string {
  const parts = outcomes.map(({ name, rehearsal, cpuS, wallS }) => ({
    name,
    ...rehearsal,
    cpuSeconds: cpuS,
    wallSeconds: wallS,
  }))
  return `${JSON.stringify({ seed, passed: parts.every(({ passed }) => passed), parts }, undefined, 2)}\n`
}

const hours = (ms: number): string => `${(ms / hourMs).toFixed(1)} h`

function tableOf({ name, rehearsal, cpuS, wallS }: Outcome): string {
  const { devices, requests, signed, events, outageMs, safeOutageMs, lostService } = rehearsal
  const lines = [
    `${rehearsal.passed ? 'PASS' : 'FAIL'}  ${name}: ${formatCount(devices)} devices, ` +
      `${formatCount(requests)} requests, ${formatCount(signed)} certificates signed ` +
      `(${wallS.toFixed(0)} s, ${cpuS.toFixed(0)} s of CPU)`,
    `      the CA was away for ${hours(outageMs)}, safe are ${hours(safeOutageMs)}; ` +
      `${formatCount(lostService)} devices lost service`,
    ...eventKinds.map((kind) => `      ${formatCount(events[kind] ?? 0).padStart(9)}  ${kind}`),
    ...faultLines(rehearsal),
  ]
  return `${lines.join('\n')}\n`
}

function faultLines(rehearsal: Rehearsal): readonly string[] {
  const { violations, told, missing, active, devices } = rehearsal
  return [
    ...Object.entries(violations).map(([rule, count]) => `      BROKEN ${rule}: ${count} times`),
    ...told.map(({ rule, device, detail }) => `      ${rule}: ${device}: ${detail}`),
    ...missing.map(
      ({ kind, seen, wanted }) => `      TOO FEW ${kind}: ${seen}, and ${wanted} were wanted`,
    ),
    ...(active === devices
      ? []
      : [`      the registry has ${active} active devices, and ${devices} enrolled`]),
  ]
}
