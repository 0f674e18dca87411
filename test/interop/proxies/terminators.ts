import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import type { PlatformName, PlatformSettings } from '#edge/platforms/by-name.ts'
import { programOf as installed, startProgram } from '#simulator/gateways/program.ts'

export { writeServerFiles as writeSite } from '#simulator/gateways/files.ts'
export { freePort } from '#simulator/gateways/program.ts'

/** Where a terminator finds what it needs: files in `folder`, and the upstream it hands requests to. */
export interface Site {
  readonly folder: string
  readonly port: number
  readonly upstreamPort: number
  /** Its program, links resolved. */
  readonly program: string
  /**
   * `verified`: a certificate that the terminator does not like ends the connection, or is answered
   * by itself. `all`: it turns nobody away, as far as it can be told not to.
   */
  readonly clients?: 'verified' | 'all'
  /** Sent along with every request: what a worker with `HOP=secret` asks for. */
  readonly hopSecret?: string
}

/** A real TLS terminator, configured as its platform's documentation here says. */
export interface Terminator {
  readonly name: PlatformName
  readonly program: string
  readonly settings: PlatformSettings
  config(site: Site): string
  args(file: string, folder: string): readonly string[]
}

const headers = { cert: 'X-SSL-Client-Cert', verify: 'X-SSL-Client-Verify' }
const settings = { CERT_HEADER: headers.cert, VERIFY_HEADER: headers.verify }

const nginx: Terminator = {
  name: 'nginx',
  program: 'nginx',
  settings,
  args: (file, folder) => ['-c', file, '-p', folder, '-e', join(folder, 'error.log')],
  config: ({ folder, port, upstreamPort, clients, hopSecret = '' }) => `
daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
http {
  access_log off; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/server.pem; ssl_certificate_key ${folder}/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_client_certificate ${folder}/anchors.pem; ssl_verify_depth 20;
    ssl_verify_client ${clients === 'all' ? 'optional_no_ca' : 'optional'};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header ${headers.cert} $ssl_client_escaped_cert;
    proxy_set_header ${headers.verify} $ssl_client_verify;
    ${nginxHop(hopSecret)}
    location / { proxy_pass http://127.0.0.1:${upstreamPort}; }
    ${clients === 'all' ? nginxRefusals(upstreamPort) : ''}
  }
}`,
}

const nginxHop = (secret: string): string =>
  secret === '' ? '' : `proxy_set_header X-Sallyport-Hop ${secret};`

/** What `optional_no_ca` does not cover, an expired certificate above all, goes to the worker too. */
const nginxRefusals = (port: number): string =>
  `error_page 495 = @edge; location @edge { proxy_pass http://127.0.0.1:${port}; }`

const haproxy: Terminator = {
  name: 'haproxy',
  program: 'haproxy',
  settings: { ...settings, CHAIN_HEADER: 'X-SSL-Client-Chain' },
  args: (file) => ['-db', '-f', file],
  config: ({ folder, port, upstreamPort, clients, hopSecret = '' }) => `
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend devices
  bind 127.0.0.1:${port} ssl crt ${folder}/server-with-key.pem ca-file ${folder}/anchors.pem verify optional${clients === 'all' ? ' crt-ignore-err all ca-ignore-err all' : ''}
  http-request set-header ${headers.cert} %[ssl_c_der,base64]
  http-request set-header X-SSL-Client-Chain %[ssl_c_chain_der,base64]
  http-request set-header ${headers.verify} %[ssl_c_verify]
  ${hopSecret === '' ? '' : `http-request set-header X-Sallyport-Hop ${hopSecret}`}
  default_backend edge
backend edge
  server edge 127.0.0.1:${upstreamPort}
`,
}

const modules = [
  'mpm_event',
  'authz_core',
  'proxy',
  'proxy_http',
  'headers',
  'ssl',
  'socache_shmcb',
]

const apache: Terminator = {
  name: 'apache',
  program: 'apache2',
  settings,
  args: (file) => ['-X', '-f', file],
  config: ({ folder, port, upstreamPort, program, clients, hopSecret = '' }) => `
ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${port}
${modules.map((name) => `LoadModule ${name}_module ${join(dirname(program), '../lib/apache2/modules')}/mod_${name}.so`).join('\n')}
<VirtualHost 127.0.0.1:${port}>
  SSLEngine on
  SSLCertificateFile ${folder}/server.pem
  SSLCertificateKeyFile ${folder}/server.key
  SSLCACertificateFile ${folder}/anchors.pem
  SSLVerifyClient ${clients === 'all' ? 'optional_no_ca' : 'optional'}
  SSLVerifyDepth 20
  SSLOptions +StdEnvVars +ExportCertData
  RequestHeader set ${headers.cert} "expr=%{escape:%{SSL_CLIENT_CERT}}"
  RequestHeader set ${headers.verify} "%{SSL_CLIENT_VERIFY}s"
  ${hopSecret === '' ? '' : `RequestHeader set X-Sallyport-Hop ${hopSecret}`}
  ProxyPass / http://127.0.0.1:${upstreamPort}/
</VirtualHost>
`,
}

const caddy: Terminator = {
  name: 'caddy',
  program: 'caddy',
  settings: { CERT_HEADER: 'X-Tls-Client-Cert', FINGERPRINT_HEADER: 'X-Tls-Client-Fingerprint' },
  args: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
  config: ({ folder, port, upstreamPort, clients, hopSecret = '' }) => `
{
  admin off
  auto_https off
  storage file_system ${folder}/caddy
}
https://localhost:${port} {
  tls ${folder}/server.pem ${folder}/server.key {
    client_auth {
      mode ${clients === 'all' ? 'request' : 'verify_if_given'}
      ${clients === 'all' ? '' : `trusted_ca_cert_file ${folder}/anchors.pem`}
    }
  }
  reverse_proxy 127.0.0.1:${upstreamPort} {
    header_up X-Tls-Client-Cert {tls_client_certificate_der_base64}
    header_up X-Tls-Client-Fingerprint {tls_client_fingerprint}
    ${hopSecret === '' ? '' : `header_up X-Sallyport-Hop ${hopSecret}`}
  }
}
`,
}

export const terminators: readonly Terminator[] = [nginx, haproxy, apache, caddy]

/** Where a program is, links resolved; undefined where it is missing: its tests are skipped by name. */
export function programOf({ program }: Terminator): string | undefined {
  return installed(program)
}

/** An upstream that answers with the headers it was sent, each line a pair. */
export async function startEcho(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createHttpServer(({ rawHeaders }, response) => {
    const lines = rawHeaders.flatMap((name, index) =>
      index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
    )
    response.end(JSON.stringify(lines))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/** Starts a terminator; resolves once it takes connections. */
export async function startTerminator(terminator: Terminator, site: Site): Promise<ChildProcess> {
  const file = join(site.folder, `${terminator.program}.conf`)
  writeFileSync(file, terminator.config(site))
  const args = terminator.args(file, site.folder)
  return (await startProgram({ ...site, args })).child
}

/** What a client of the terminator shows. */
export interface Client {
  readonly key?: string
  readonly cert?: string
  readonly session?: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** The headers that reached the upstream, and the TLS session of the connection. */
export interface Seen {
  readonly headers: Headers
  readonly session: Buffer | undefined
  readonly resumed: boolean
}

/** One request over a connection of its own; TLS 1.2, where a session is there when it is answered. */
export async function requestThrough(port: number, client: Client): Promise<Seen> {
  const request = httpsRequest({
    host: 'localhost',
    port,
    agent: false,
    rejectUnauthorized: false,
    maxVersion: 'TLSv1.2',
    ...client,
  })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const socket = response.socket as TLSSocket
  const session = socket.getSession()
  const resumed = socket.isSessionReused()
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk)
  return { headers: new Headers(JSON.parse(body) as [string, string][]), session, resumed }
}
