import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('target-process.ts', import.meta.url))

/** One target that can be killed and started again on the port that it had. */
export interface TargetProcess {
  readonly name: string
  readonly url: string
  /** At once and in the middle of everything (SIGKILL). */
  kill(): void
  /** Resolves when it listens again. */
  restart(): Promise<void>
  setDelay(ms: number): void
  /** Ids of all requests that ever arrived, in their order. */
  arrivals(): Promise<readonly string[]>
}

export interface TargetProcesses {
  readonly targets: readonly TargetProcess[]
  close(): Promise<void>
}

/** Starts so many targets, each in a process of its own. */
export async function startTargets(count: number): Promise<TargetProcesses> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-soak-'))
  const children = new Set<ChildProcess>()
  const start = (index: number) => startTarget(`target-${index}`, directory, children)
  const targets = await Promise.all(Array.from({ length: count }, (_, index) => start(index)))
  return {
    targets,
    async close() {
      const ended = [...children].map((child) => once(child, 'exit'))
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(ended)
      await rm(directory, { recursive: true })
    },
  }
}

async function startTarget(
  name: string,
  directory: string,
  children: Set<ChildProcess>,
): Promise<TargetProcess> {
  const journal = join(directory, name)
  const open = async (onPort: number): Promise<{ child: ChildProcess; port: number }> => {
    const started = fork(script, [name, String(onPort), journal])
    children.add(started)
    started.once('exit', () => children.delete(started))
    const [told] = (await once(started, 'message')) as [number]
    return { child: started, port: told }
  }
  let { child, port } = await open(0)
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    kill: () => void child.kill('SIGKILL'),
    async restart() {
      ;({ child, port } = await open(port))
    },
    setDelay: (ms) => void child.send(ms),
    arrivals: async () => (await readFile(journal, 'utf8')).split('\n').slice(0, -1),
  }
}
