import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Authority } from '../ca/authority.ts'
import type { Stage } from './stage.ts'

export interface RemoteTarget {
  readonly url: URL
  /** PEM of who vouches for the target's own certificate; undefined: the usual public ones. */
  readonly serverCaPem: string | undefined
  /** Where the files of the trust store are written, for the target to take. */
  readonly trustDir: string
  /** Run for each file written, with its name and path in the environment; undefined: nothing is run. */
  readonly publishCommand: string | undefined
}

/**
 * A deployment somewhere else. Its policy is its own and nothing is deployed; publishing is writing
 * a file, and running the command that carries it to where the target reads it.
 */
export async function openRemoteStage(target: RemoteTarget, authority: Authority): Promise<Stage> {
  const { hostname, port } = target.url
  const publish = (name: string, octets: Uint8Array): Promise<void> =>
    publishFile(target, name, octets)
  await publish('anchors.pem', Buffer.from(authority.anchorsPem))
  await publish('intermediates.pem', Buffer.from(authority.intermediatesPem))
  return {
    address: {
      host: hostname,
      port: port === '' ? 443 : Number(port),
      servername: hostname,
      ...(target.serverCaPem === undefined ? {} : { caPem: target.serverCaPem }),
    },
    enterPhase: () => Promise.resolve(),
    publish,
    damage: publish,
    close: () => Promise.resolve(),
  }
}

async function publishFile(
  { trustDir, publishCommand }: RemoteTarget,
  name: string,
  octets: Uint8Array,
): Promise<void> {
  const path = resolve(join(trustDir, name))
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, octets)
  if (publishCommand !== undefined) await runCommand(publishCommand, name, path)
}

/** The file's name and path go in the environment, so that no name is ever read as a command. */
async function runCommand(command: string, name: string, path: string): Promise<void> {
  const env = { ...process.env, SALLYPORT_NAME: name, SALLYPORT_FILE: path }
  const child = spawn(command, { shell: true, stdio: ['ignore', 'ignore', 'inherit'], env })
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error(`publishing ${name}: "${command}" ended with ${String(status)}`)
}
