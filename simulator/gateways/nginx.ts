import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GatewaySetup, RunningGateway, Site } from './gateway.ts'
import { writeLists, writeSite } from './files.ts'
import {
  childrenOf,
  freePort,
  programOf,
  startProgram,
  stopProgram,
  until,
  type Program,
} from './program.ts'

/** How sessions are kept, by what nginx's `ngx_http_ssl_module` documents of each. */
const keepings = {
  // One key for all nodes behind an address, which outlives a reload: so do tickets.
  'ticket key file': (folder: string) => `ssl_session_ticket_key ${folder}/ticket.key;`,
  'shared cache': () => 'ssl_session_cache shared:sessions:1m;',
  'shared cache, no tickets': () =>
    'ssl_session_cache shared:sessions:1m; ssl_session_tickets off;',
} as const

/** nginx with `ssl_verify_client on` and `ssl_crl`, sessions kept in each of three ways. */
export const nginxSetups: readonly GatewaySetup[] = Object.entries(keepings).map(
  ([variant, keeping]) => ({
    gateway: 'nginx',
    variant,
    protocol: 'https',
    program: 'nginx',
    start: (site) => start(site, keeping(site.folder)),
  }),
)

async function start(site: Site, sessionLines: string): Promise<RunningGateway> {
  const { folder } = site
  const port = await freePort()
  writeSite(site)
  writeFileSync(join(folder, 'ticket.key'), randomBytes(80))
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, config(folder, port, sessionLines))
  const args = ['-c', file, '-p', folder, '-e', join(folder, 'error.log')]
  const program = await startProgram({ program: programOf('nginx') ?? 'nginx', args, port, folder })
  return {
    port,
    async publish(publication) {
      writeLists(folder, publication)
      return reload(program, folder)
    },
    stop: () => stopProgram(program),
  }
}

/** Paths of temporary files that Debian's build would else look for in /var. */
const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

const config = (folder: string, port: number, sessionLines: string): string => `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log; events {}
http {
  access_log off; ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/server.pem; ssl_certificate_key ${folder}/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_verify_client on; ssl_verify_depth 4;
    ssl_client_certificate ${folder}/anchors.pem; ssl_crl ${folder}/crls.pem;
    ${sessionLines}
    location / { return 200 "ok"; }
  }
}`

/**
 * SIGHUP (nginx.org, "Controlling nginx"): new workers are started with the new configuration and the
 * old ones end; where it cannot be used, nginx goes on with the old one and says so in its log.
 */
async function reload({ child }: Program, folder: string): Promise<string> {
  const before = childrenOf(child)
  const refusals = emergencies(folder)
  child.kill('SIGHUP')
  let isRefused = false
  const settled = await until(() => {
    isRefused = emergencies(folder) > refusals
    const now = childrenOf(child)
    return isRefused || (now.length > 0 && now.every((pid) => !before.includes(pid)))
  })
  if (!settled) throw new Error('nginx neither reloaded nor refused to')
  return isRefused ? 'nginx refuses the reload and goes on as before' : 'nginx is reloaded'
}

function emergencies(folder: string): number {
  return readFileSync(join(folder, 'error.log'), 'utf8').split('[emerg]').length - 1
}
