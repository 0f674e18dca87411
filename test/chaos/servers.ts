import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { shift, instantFromMs } from '#shared/time.ts'
import { createServerCredential } from '#simulator/ca/server-credential.ts'
import { freePort } from '../interop/proxies/terminators.ts'
import { dayMs } from '../runtime/given.ts'
import { anchorsPem, good, inForce, revoked, type ShownDevice } from './publisher.ts'

/** A server of somebody else's that asks devices for certificates, and a file of lists about them. */
export interface CrlServer {
  readonly program: string
  /** Its configuration. `anchors.pem`, `crls.pem`, `server.pem` and `server.key` lie in the folder. */
  config(site: ServerSite): string
  args(file: string, folder: string): readonly string[]
  /** What a client that is let in says first, and how the answer to that begins. */
  readonly hello: Uint8Array
  readonly welcome: Uint8Array
  /** Has it read its files again. Whether it took them, where it says so. */
  reload(running: RunningServer): Promise<'taken' | 'refused'>
}

export interface ServerSite {
  readonly folder: string
  readonly port: number
}

export interface RunningServer extends ServerSite {
  readonly child: ChildProcess
  /** Everything that it has said so far. */
  readonly said: () => string
}

/** Whether a program is missing here: tests that start it are then skipped by name. CI has it. */
export const isMissing = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0

/** A server at work, as a test puts it through a fault. */
export interface Stage extends RunningServer {
  /** Puts a file in place of the lists, or takes it away, and has the server read it. */
  publish(pem: string | undefined): Promise<'taken' | 'refused'>
  /** Puts other anchors in place, and has the server read them. */
  trust(pem: string): Promise<'taken' | 'refused'>
  /** What it says of the good device and of the revoked one. */
  knocks(): Promise<readonly string[]>
  knock(device: ShownDevice): Promise<string>
  stop(): Promise<void>
}

const hourMs = 3_600_000
const folders: string[] = []

/** Of this test file: call it when all is done. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** Starts a server with a file of lists, and with other anchors where they are given. */
export async function openServer(
  server: CrlServer,
  lists: string = inForce,
  anchors: string = anchorsPem,
): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-chaos-'))
  folders.push(folder)
  const now = instantFromMs(Date.now())
  const credential = await createServerCredential({
    notBefore: shift(now, -hourMs),
    notAfter: shift(now, dayMs),
  })
  writeFileSync(join(folder, 'server.pem'), credential.certPem)
  writeFileSync(join(folder, 'server.key'), credential.keyPem)
  writeFileSync(join(folder, 'server-with-key.pem'), credential.certPem + credential.keyPem)
  writeFileSync(join(folder, 'anchors.pem'), anchors)
  put(folder, lists)
  const running = await start(server, { folder, port: await freePort() })
  const knock = (device: ShownDevice): Promise<string> => knockAt(running, server, device)
  return {
    ...running,
    knock,
    async publish(pem) {
      put(folder, pem)
      return server.reload(running)
    },
    async trust(pem) {
      writeFileSync(join(folder, 'anchors.pem'), pem)
      return server.reload(running)
    },
    knocks: async () => [await knock(good.shown), await knock(revoked.shown)],
    async stop() {
      const exit = once(running.child, 'exit')
      if (running.child.exitCode !== null) return
      running.child.kill()
      await exit
    },
  }
}

/** What a server that is started with this file says of both devices, or that it does not start. */
export async function startedWith(
  server: CrlServer,
  lists: string,
  anchors?: string,
): Promise<readonly string[] | 'does not start'> {
  const stage = await openServer(server, lists, anchors).catch((error: unknown) => {
    if (error instanceof NotStarted) return undefined
    throw error
  })
  if (stage === undefined) return 'does not start'
  try {
    return await stage.knocks()
  } finally {
    await stage.stop()
  }
}

class NotStarted extends Error {}

function put(folder: string, pem: string | undefined): void {
  const file = join(folder, 'crls.pem')
  if (pem === undefined) rmSync(file)
  else writeFileSync(file, pem)
}

async function start(server: CrlServer, site: ServerSite): Promise<RunningServer> {
  const file = join(site.folder, 'server.conf')
  writeFileSync(file, server.config(site))
  const child = spawn(server.program, server.args(file, site.folder), {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  }
  const running = { ...site, child, said: () => said }
  await until(running, () => isListening(site.port))
  if (child.exitCode === null) return running
  throw new NotStarted(`${server.program} did not start: ${said}`)
}

/** Two hundred looks are some ten seconds, many times what any of them needs. */
const looksMax = 200
const looksApartMs = 50

/** Resolves once something is so, or the server has ended. */
export async function until(
  { child, said }: Pick<RunningServer, 'child' | 'said'>,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let look = 0; look < looksMax; look += 1) {
    if (child.exitCode !== null || (await isSo())) return
    await wait(looksApartMs)
  }
  child.kill()
  throw new Error(`it did not come to it: ${said()}`)
}

/** Whether a server greets in TLS there. */
async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  const is = await Promise.race([
    once(socket, 'secureConnect').then(() => true),
    // Refused, or reset: it does not listen yet, which is what was asked.
    once(socket, 'close').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return is
}

/** A connection of a device, as far as the first words go. */
export function dial({ port }: ServerSite, device: ShownDevice): TLSSocket {
  return connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...device })
}

/** `in` where the answer begins as that to somebody who is let in does, `out` for anything else. */
async function knockAt(site: ServerSite, server: CrlServer, device: ShownDevice): Promise<string> {
  const socket = dial(site, device)
  socket.write(server.hello)
  const answer = await firstOctets(socket, server.welcome.length)
  socket.destroy()
  return Buffer.from(server.welcome).equals(answer) ? 'in' : 'out'
}

/** What comes first, as much of it as asked for; less where the connection ends before, in whatever way. */
export async function firstOctets(socket: TLSSocket, length: number): Promise<Buffer> {
  let octets = Buffer.alloc(0)
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      octets = Buffer.concat([octets, chunk as Buffer])
      if (octets.length >= length) break
    }
  } catch (error) {
    // An alert: the certificate was not to its liking.
    if (!(error instanceof Error && 'code' in error)) throw error
  }
  return octets.subarray(0, length)
}

export const httpHello = Buffer.from(
  'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
)
export const httpWelcome = Buffer.from('HTTP/1.1 200')
