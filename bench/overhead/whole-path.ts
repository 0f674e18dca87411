import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { instantFromMs, shift } from '#shared/time.ts'
import { createAuthority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { createServerCredential } from '#simulator/ca/server-credential.ts'
import { projectRoot } from '#simulator/engine/bundle-worker.ts'

/** Files of one hierarchy, as a gateway and nginx read them. */
export interface WholePathPki {
  /** Trust store: `anchors.pem`, `intermediates.pem`, `crl/`; beside it what nginx wants in one file. */
  readonly directory: string
  readonly caPem: string
  readonly device: DeviceCredential
  remove(): void
}

/** A process that answers over mutual TLS. */
export interface Door {
  readonly port: number
  /** Of every process of it: their CPU counts. */
  readonly pids: readonly number[]
  close(): Promise<void>
}

/** TLS stacks go by the real clock. */
export async function createWholePathPki(): Promise<WholePathPki> {
  const now = instantFromMs(Date.now())
  const validity = { notBefore: shift(now, -60_000), notAfter: shift(now, 86_400_000) }
  const ledger = new Ledger()
  const authority = await createAuthority({ seed: 1, start: now, intermediates: 1, ledger })
  const server = await createServerCredential(validity)
  const device = await authority.issue({ device: 'car-1', kind: 'car', at: now, ...validity })
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-path-'))
  const put = (name: string, text: string | Uint8Array): void =>
    writeFileSync(join(directory, name), text)
  mkdirSync(join(directory, 'crl'))
  const crls = await authority.crls(now, 86_400_000)
  for (const { name, der } of crls) put(`crl/${name}`, der)
  put('anchors.pem', authority.anchorsPem)
  put('intermediates.pem', authority.intermediatesPem)
  put('authorities.pem', authority.anchorsPem + authority.intermediatesPem)
  put('crls.pem', crls.map(({ der }) => crlPem(der)).join(''))
  put('server.pem', server.certPem)
  put('server.key', server.keyPem)
  const remove = (): void => rmSync(directory, { recursive: true })
  return { directory, caPem: server.caPem, device, remove }
}

function crlPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`
}

/** The target of every door: answers at once. In this process, whose CPU is nobody's. */
export async function startUpstream(): Promise<{ port: number; close(): void }> {
  const body = JSON.stringify({ accepted: true })
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Our gateway on Node, as it is started on a machine. */
export async function startGateway(
  { directory }: WholePathPki,
  upstreamPort: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<Door> {
  const args = ['--trust', directory, '--listen', '127.0.0.1:0', '--grace', '0']
  const credential = [
    '--cert',
    join(directory, 'server.pem'),
    '--key',
    join(directory, 'server.key'),
  ]
  const target = ['--target', `http://127.0.0.1:${upstreamPort}`]
  const child = spawn(process.execPath, ['edge/serve.ts', ...args, ...credential, ...target], {
    cwd: projectRoot,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  for await (const line of createInterface({ input: child.stderr })) {
    const [, port] = /^listening on \S+:(\d+)$/.exec(line) ?? []
    if (port !== undefined) return doorOf(child, Number(port), [child.pid ?? 0])
  }
  throw new Error('the gateway ended before it listened')
}

/** What one nginx does with client certificates. */
export interface NginxRole {
  /** Of its folder. */
  readonly name: string
  /** `on`: it decides, by `ssl_crl` as well. `optional_no_ca`: it passes certificates on. */
  readonly verify: 'on' | 'optional_no_ca'
  /** Sent along with every request. */
  readonly hopSecret?: string
}

/** nginx with one worker; undefined where it is not installed. */
export async function startNginx(
  pki: WholePathPki,
  upstreamPort: number,
  role: NginxRole,
): Promise<Door | undefined> {
  const port = await freePort()
  const folder = join(pki.directory, role.name)
  mkdirSync(folder)
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, nginxConfig({ directory: pki.directory, folder, port, upstreamPort }, role))
  const args = ['-p', folder, '-e', 'nginx.log', '-c', file]
  const child = spawn('nginx', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const failed = await Promise.race([
    once(child, 'error').then(() => true),
    listens(port).then(() => false),
  ])
  if (failed) return undefined
  const master = child.pid ?? 0
  const workers = readFileSync(`/proc/${master}/task/${master}/children`, 'latin1')
    .trim()
    .split(' ')
  return doorOf(child, port, [master, ...workers.map(Number)])
}

interface NginxSite {
  /** Of the hierarchy's files. */
  readonly directory: string
  /** Of this nginx alone. */
  readonly folder: string
  readonly port: number
  readonly upstreamPort: number
}

/** Keep-alive to the upstream, as a gateway has it; no tickets, so that each handshake is a full one. */
function nginxConfig(
  { directory, folder, port, upstreamPort }: NginxSite,
  { verify, hopSecret }: NginxRole,
): string {
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream target { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${directory}/server.pem; ssl_certificate_key ${directory}/server.key;
    ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
    ssl_verify_client ${verify}; ssl_verify_depth 3;
    ssl_client_certificate ${directory}/authorities.pem;
    ${verify === 'on' ? `ssl_crl ${directory}/crls.pem;` : ''}
    location / {
      proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Client-Cert $ssl_client_escaped_cert;
      ${hopSecret === undefined ? '' : `proxy_set_header X-Sallyport-Hop ${hopSecret};`}
    }
  }
}
`
}

function doorOf(child: ChildProcess, port: number, pids: readonly number[]): Door {
  return {
    port,
    pids,
    async close() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Until somebody listens there: a program that is started says nothing when it does. */
async function listens(port: number): Promise<void> {
  for (let tried = 0; tried < 100; tried += 1) {
    const socket = connect(port, '127.0.0.1')
    const opened = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (opened) return
    await wait(50)
  }
  throw new Error(`nobody listens on port ${port}`)
}
