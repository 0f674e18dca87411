import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A local control plane in a process of its own. */
export interface ControlPlaneProcess {
  /** Where it listens; undefined where it ended before it did. */
  readonly listening: Promise<string | undefined>
  /** Ends it as a power cut would: nothing of it runs any more. */
  kill(): Promise<void>
  /** What it said. */
  said(): string
}

const command = fileURLToPath(new URL('control-plane-serve.ts', import.meta.url))

/** Node keeps what it has compiled, so that the next start is twice as quick. */
const compiled = join(tmpdir(), 'sallyport-compiled')

export function startControlPlane(directory: string): ControlPlaneProcess {
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled }
  const child = spawn(process.execPath, [command, directory], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  const ended = once(child, 'close')
  const listening = new Promise<string | undefined>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const [, url] = /listening on (\S+)\n/.exec(said) ?? []
      if (url !== undefined) resolve(url)
    })
    void ended.then(() => resolve(undefined))
  })
  return { listening, said: () => said, kill: () => killed(child, ended) }
}

async function killed(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGKILL')
  await ended
}
