import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pemOf, writeLists, writeSite } from './files.ts'
import type { GatewaySetup, Publication, RunningGateway, Site } from './gateway.ts'
import { freePort, launch, programOf, startProgram, stopProgram, until } from './program.ts'

const common = { gateway: 'haproxy', protocol: 'https', program: 'haproxy' } as const

/** HAProxy with `verify required` and a `crl-file`, told of a new list in each of its two ways. */
export const haproxySetups: readonly GatewaySetup[] = [
  { ...common, variant: 'reload by -sf', start: startReloaded },
  { ...common, variant: 'runtime commit of the list', start: startCommitted },
]

const config = (folder: string, port: number): string => `
global
  stats socket ${folder}/control mode 600 level admin
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend devices
  bind 127.0.0.1:${port} ssl crt ${folder}/server-with-key.pem ca-file ${folder}/anchors.pem verify required crl-file ${folder}/crls.pem
  http-request return status 200 content-type text/plain string ok
`

interface Prepared {
  readonly folder: string
  readonly port: number
  readonly program: string
  readonly args: readonly string[]
}

async function prepare(site: Site): Promise<Prepared> {
  const { folder } = site
  const port = await freePort()
  writeSite(site)
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, config(folder, port))
  return { folder, port, program: programOf('haproxy') ?? 'haproxy', args: ['-db', '-f', file] }
}

/** `-sf` (management guide, 4): a new process takes the port over and tells the old one to finish. */
async function startReloaded(site: Site): Promise<RunningGateway> {
  const prepared = await prepare(site)
  let program = await startProgram(prepared)
  return {
    port: prepared.port,
    async publish(publication) {
      writeLists(prepared.folder, publication)
      const old = program
      const args = [...prepared.args, '-sf', String(old.child.pid)]
      const next = launch({ ...prepared, args })
      const settled = await until(() => old.child.exitCode !== null || next.child.exitCode !== null)
      if (!settled) throw new Error('the old HAProxy did not finish')
      if (next.child.exitCode !== null) return 'HAProxy refuses to start anew: the old one goes on'
      program = next
      return 'HAProxy is reloaded by -sf'
    },
    stop: () => stopProgram(program),
  }
}

/** `set ssl crl-file` and `commit ssl crl-file` (management guide, 9.3): no process starts or ends. */
async function startCommitted(site: Site): Promise<RunningGateway> {
  const prepared = await prepare(site)
  const program = await startProgram(prepared)
  const file = join(prepared.folder, 'crls.pem')
  const tell = (command: string): Promise<string> => runtimeCommand(prepared.folder, command)
  return {
    port: prepared.port,
    async publish(publication) {
      if (publication.kind === 'missing') return 'the file is gone; HAProxy is told of nothing'
      const set = await tell(`set ssl crl-file ${file} <<\n${contentOf(publication)}\n`)
      const committed = await tell(`commit ssl crl-file ${file}`)
      const done = committed.includes('Success')
      return done ? 'HAProxy has committed the list' : `HAProxy refuses the list: ${set.trim()}`
    },
    stop: () => stopProgram(program),
  }
}

/** The payload of a command ends at its first empty line. */
function contentOf(publication: Exclude<Publication, { kind: 'missing' }>): string {
  if (publication.kind === 'lists') return pemOf(publication.lists)
  return new TextDecoder().decode(publication.octets).replaceAll('\n\n', '\n')
}

async function runtimeCommand(folder: string, command: string): Promise<string> {
  const socket = createConnection(join(folder, 'control'))
  await once(socket, 'connect')
  socket.write(`${command}\n`)
  return text(socket)
}
