import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, realpathSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** Servers of distributions lie where the path of people who are not root often does not lead. */
const searchPath = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`

/** Where an installed program is, links resolved; undefined where it is missing. */
export function programOf(name: string): string | undefined {
  const found = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], {
    encoding: 'utf8',
    env: { ...process.env, PATH: searchPath },
  })
  return found.status === 0 ? realpathSync(found.stdout.trim()) : undefined
}

/** A port of 127.0.0.1 that was free a moment ago: many servers do not say which one they took. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('TCP has a port')
  return address.port
}

/** A server's process, and what it wrote to standard error so far. */
export interface Program {
  readonly child: ChildProcess
  said(): string
}

export interface ProgramOptions {
  /** Its path, as `programOf` has it. */
  readonly program: string
  readonly args: readonly string[]
  /** Where it will listen. */
  readonly port: number
  /** Its HOME: nothing is written elsewhere. */
  readonly folder: string
}

/** Between two looks at a server; how long they last is the server's affair, and bounded. */
const pauseMs = 20
/** Ten seconds: many times what any of these servers needs, on a machine that is busy. */
const looksMax = 500

/** Starts a server; resolves once it takes connections, throws with what it said where it ends first. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const program = launch(options)
  const started = await until(
    async () => program.child.exitCode !== null || (await takesConnections(options.port)),
  )
  if (started && program.child.exitCode === null) return program
  program.child.kill()
  throw new Error(`${options.program} did not start: ${program.said()}`)
}

/** Starts a server without waiting for anything. It ends with this process at the latest. */
export function launch({ program, args, folder }: Omit<ProgramOptions, 'port'>): Program {
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: folder },
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    // The end is what tells; the bound keeps a server that floods its log from filling the memory.
    said = (said + text).slice(-100_000)
  })
  child.on('error', (error) => {
    said += String(error)
  })
  const end = (): boolean => child.kill()
  process.once('exit', end)
  child.once('exit', () => process.removeListener('exit', end))
  return { child, said: () => said }
}

/** Ends a process as its manual says, with SIGTERM; resolves when it is gone. */
export async function stopProgram({ child }: Program): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill()
  await exit
}

/** Looks until a condition holds; false where it did not within some ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let look = 0; look < looksMax; look += 1) {
    if (await condition()) return true
    await wait(pauseMs)
  }
  return false
}

/** Processes that a process has started and that still run (proc(5)); none once it is gone itself. */
export function childrenOf({ pid }: Pick<ChildProcess, 'pid'>): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    return text.split(' ').filter(Boolean).map(Number)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

/** The file of a process that has ended. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

export async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const opened = await once(socket, 'connect').then(
    () => true,
    // Refused: it does not listen yet, which is what was asked.
    () => false,
  )
  socket.destroy()
  return opened
}
