import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { instantFromMs } from '#shared/time.ts'
import { createAuthority, type Authority } from '../ca/authority.ts'
import { Ledger } from '../ca/ledger.ts'
import { loadAuthority, saveAuthority } from '../ca/store.ts'
import { runRemotely, type Run, type RunOptions } from '../engine/run.ts'
import { inRealTime } from '../scenario/real-time.ts'
import { unusable } from './options.ts'
import type { RunFlags } from './run-flags.ts'

/** What a run against a target takes by default, in real milliseconds. */
const usualRunMs = 60_000

/** Runs a scenario in real time against a deployment, with a CA that outlives the run. */
export async function runAgainstTarget(
  options: Omit<RunOptions, 'port' | 'sabotage'>,
  target: string,
  flags: RunFlags,
): Promise<Run> {
  const url = readUrl(target)
  const ledger = new Ledger()
  const authority = await openAuthority(flags.ca, options, ledger)
  const { durationMs } = options.scenario.time
  const compression = flags.compression ?? Math.max(1, durationMs / usualRunMs)
  const scenario = inRealTime(options.scenario, instantFromMs(Date.now()), compression)
  if (typeof scenario === 'string') return unusable(`--compression ${compression}: ${scenario}`)
  const run = await runRemotely({
    ...options,
    scenario,
    ledger,
    authority,
    clientProcesses: flags.clientProcesses,
    target: {
      url,
      serverCaPem:
        flags.targetCa === undefined ? undefined : await readFile(flags.targetCa, 'utf8'),
      trustDir: flags.trustDir ?? join(flags.report, 'trust'),
      publishCommand: flags.publishCommand,
    },
  })
  // CRL numbers and serials go on from here in the next run.
  await saveAuthority(authority, flags.ca)
  return run
}

function readUrl(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol !== 'https:') return unusable(`--target ${text}: expected an https URL`)
  return url
}

async function openAuthority(
  dir: string,
  { scenario }: Pick<RunOptions, 'scenario'>,
  ledger: Ledger,
): Promise<Authority> {
  if (existsSync(join(dir, 'authority.json'))) return loadAuthority(dir, ledger)
  const { seed, pki } = scenario
  const start = instantFromMs(Date.now())
  const { intermediates } = pki
  const { partitions } = pki.crl
  const authority = await createAuthority({ seed, start, intermediates, partitions, ledger })
  await saveAuthority(authority, dir)
  process.stderr.write(`made a CA in ${dir}: the target must trust ${join(dir, 'root.pem')}\n`)
  return authority
}
