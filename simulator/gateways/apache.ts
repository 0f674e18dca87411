import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { writeLists, writeSite } from './files.ts'
import type { GatewaySetup, RunningGateway, Site } from './gateway.ts'
import { freePort, programOf, startProgram, stopProgram, until, type Program } from './program.ts'

/** Apache with `SSLVerifyClient require` and `SSLCARevocationCheck chain`, told by a graceful restart. */
export const apacheSetups: readonly GatewaySetup[] = [
  {
    gateway: 'apache',
    variant: 'graceful restart',
    protocol: 'https',
    program: 'apache2',
    start,
  },
]

async function start(site: Site): Promise<RunningGateway> {
  const { folder } = site
  const port = await freePort()
  writeSite(site)
  mkdirSync(join(folder, 'www'))
  writeFileSync(join(folder, 'www', 'ok'), 'ok')
  const file = join(folder, 'apache.conf')
  const path = programOf('apache2') ?? 'apache2'
  writeFileSync(file, config(folder, port, path))
  const args = ['-DFOREGROUND', '-f', file]
  const program = await startProgram({ program: path, args, port, folder })
  return {
    port,
    async publish(publication) {
      writeLists(folder, publication)
      return restart(program, folder)
    },
    stop: () => stopProgram(program),
  }
}

const modules = ['mpm_event', 'authz_core', 'ssl', 'socache_shmcb']

const config = (folder: string, port: number, program: string): string => `
ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
KeepAliveTimeout 60
Listen 127.0.0.1:${port}
${modules.map((name) => `LoadModule ${name}_module ${join(dirname(program), '../lib/apache2/modules')}/mod_${name}.so`).join('\n')}
DocumentRoot ${folder}/www
<VirtualHost 127.0.0.1:${port}>
  SSLEngine on
  SSLCertificateFile ${folder}/server.pem
  SSLCertificateKeyFile ${folder}/server.key
  SSLCACertificateFile ${folder}/anchors.pem
  SSLCARevocationFile ${folder}/crls.pem
  SSLCARevocationCheck chain
  SSLVerifyClient require
  SSLVerifyDepth 4
</VirtualHost>
`

/** SIGUSR1 (httpd.apache.org, "Stopping and restarting"): a server whose files do not load ends. */
async function restart({ child }: Program, folder: string): Promise<string> {
  const before = readings(folder)
  child.kill('SIGUSR1')
  const settled = await until(() => readings(folder) > before || child.exitCode !== null)
  if (!settled) throw new Error('Apache did not restart')
  return child.exitCode === null ? 'Apache restarts gracefully' : 'Apache ends at the restart'
}

function readings(folder: string): number {
  const log = readFileSync(join(folder, 'error.log'), 'utf8')
  return log.split('resuming normal operations').length - 1
}
