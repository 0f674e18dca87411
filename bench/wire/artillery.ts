import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programOf } from '#simulator/gateways/program.ts'
import type { Contender } from '../measure.ts'
import type { WireStage } from './stage.ts'

/** Users that arrive in a second: fewer than either side is busy with. */
const arrivalsPerSecond = 100

/** So many times as many are played as are counted: its start costs as much as four hundred of them. */
const playedFor = 5

/**
 * Artillery, where somebody has installed it: it is a program, and no part of this project. Each of its
 * users opens a connection, asks once and goes. It has one certificate for all of them, and so does
 * less than the others. What its start costs is taken off; what it runs beside itself is counted.
 */
export async function artilleryContender(stage: WireStage): Promise<readonly Contender[]> {
  const program = programOf('artillery')
  if (program === undefined) {
    process.stderr.write('skipped: artillery is not on the path (npm install --global artillery)\n')
    return []
  }
  const start = await play(program, stage, 1)
  return [
    {
      name: 'Artillery, one certificate for all',
      async cpuUs(times) {
        const whole = await play(program, stage, playedFor * times)
        return Math.max(0, whole - start) / playedFor
      },
    },
  ]
}

/** Microseconds of CPU of a run with so many users. Throws an Error where one was not let in. */
async function play(program: string, stage: WireStage, users: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-artillery-'))
  try {
    const script = join(folder, 'script.json')
    const report = join(folder, 'report.json')
    writeFileSync(script, JSON.stringify(scriptOf(stage, users)), { mode: 0o600 })
    const before = cpuUsOfEnded()
    const child = spawn(process.execPath, [program, 'run', '--quiet', '--output', report, script], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ARTILLERY_DISABLE_TELEMETRY: 'true' },
    })
    await once(child, 'exit')
    const cost = cpuUsOfEnded() - before
    const letIn = letInOf(readFileSync(report, 'utf8'))
    if (letIn !== users) throw new Error(`artillery: ${letIn} of ${users} were let in`)
    return cost
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function scriptOf({ address, credential }: WireStage, users: number): object {
  const { keyPem: key, chainPem: certificate } = credential(0)
  const { servername, port, caPem: certificateAuthority } = address
  const duration = Math.ceil(users / arrivalsPerSecond)
  return {
    config: {
      target: `https://${servername}:${port}`,
      phases: [{ duration, arrivalCount: users }],
      tls: { key, certificate, certificateAuthority },
    },
    scenarios: [{ flow: [{ get: { url: '/ok' } }] }],
  }
}

function letInOf(report: string): number | undefined {
  const { aggregate } = JSON.parse(report) as {
    readonly aggregate: { readonly counters: Readonly<Record<string, number>> }
  }
  return aggregate.counters['http.codes.200']
}

/** Of all processes of ours that have ended (proc(5): cutime and cstime), in steps of ten milliseconds. */
function cpuUsOfEnded(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10_000
}
