import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A `sallyport` that runs. */
export interface RunningCli {
  readonly process: ChildProcess
  /** Resolves once standard error has said this. */
  said(text: string): Promise<void>
  /** Resolves when it has ended. */
  readonly ended: Promise<CliResult>
}

export interface CliResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const command = fileURLToPath(new URL('../../../simulator/sallyport.js', import.meta.url))

export function startCli(...args: readonly string[]): RunningCli {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = once(child, 'close').then(([status]) => ({
    status: status as number | null,
    stdout,
    stderr,
  }))
  return {
    process: child,
    ended,
    async said(text) {
      while (!stderr.includes(text)) await Promise.race([once(child.stderr, 'data'), ended])
    },
  }
}

export function runCli(...args: readonly string[]): Promise<CliResult> {
  return startCli(...args).ended
}

/** Processes whose parent is `parent` and whose command line holds `word`. */
export function childrenOf(parent: number | undefined, word: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => {
    const found = describeProcess(pid)
    return found !== undefined && found.parent === parent && found.command.includes(word)
  })
}

/** Undefined where the process has ended while it was being looked at. */
function describeProcess(pid: number): { parent: number; command: string } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')
    return { parent: Number(fields?.[1]), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return undefined
    throw error
  }
}
