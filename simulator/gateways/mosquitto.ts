import { writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { writeLists, writeSite } from './files.ts'
import type { GatewaySetup, RunningGateway, Site } from './gateway.ts'
import { freePort, programOf, startProgram, stopProgram, until } from './program.ts'

/** mosquitto with `require_certificate` and a `crlfile`, reloaded by SIGHUP (mosquitto.conf(5)). */
export const mosquittoSetups: readonly GatewaySetup[] = [
  { gateway: 'mosquitto', variant: 'SIGHUP', protocol: 'mqtts', program: 'mosquitto', start },
]

async function start(site: Site): Promise<RunningGateway> {
  const { folder } = site
  const port = await freePort()
  writeSite(site)
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(file, config(folder, port))
  const program = await startProgram({
    program: programOf('mosquitto') ?? 'mosquitto',
    args: ['-c', file],
    port,
    folder,
  })
  const reloads = (): number => program.said().split('Reloading config').length - 1
  return {
    port,
    async publish(publication) {
      writeLists(folder, publication)
      const [before, length] = [reloads(), program.said().length]
      program.child.kill('SIGHUP')
      // One thread: a connection that comes behind this line is met by what was loaded.
      const settled = await until(() => reloads() > before || program.child.exitCode !== null)
      if (!settled) throw new Error('mosquitto did not reload')
      const [complaint] = /Error: .*/.exec(program.said().slice(length)) ?? []
      return `mosquitto is sent SIGHUP${complaint === undefined ? '' : ` and logs "${complaint}"`}`
    },
    stop: () => stopProgram(program),
  }
}

/**
 * It gives up root for the user named here, who must be able to read the files again. Where Nagle's
 * algorithm meets a delayed acknowledgement, each burst of QoS 1 waits 40 ms; and what waits for one
 * receiver beyond 1000 messages it drops unless told not to.
 */
const config = (folder: string, port: number): string => `
user ${userInfo().username}
persistence false
set_tcp_nodelay true
max_queued_messages 0
log_dest stderr
log_type error
log_type warning
log_type notice
log_type information
listener ${port} 127.0.0.1
cafile ${folder}/anchors.pem
certfile ${folder}/server.pem
keyfile ${folder}/server.key
crlfile ${folder}/crls.pem
require_certificate true
use_identity_as_username true
`
