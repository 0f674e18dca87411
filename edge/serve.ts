import * as nodeCrypto from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import type { ListenerVariables } from './config.ts'
import { configuredApp } from './configured-app.ts'
import { createNodeTarget, type NodeTarget } from './node-target.ts'
import { startNodeServer, type NodeServer, type NodeTls } from './node.ts'
import type { PortsOptions } from './ports.ts'
import { urlAtTarget } from './target-url.ts'
import { directoryTrustFiles } from './trust-stores/directory-trust-files.ts'

interface Flags {
  readonly listen: { readonly host: string; readonly port: number }
  readonly cert?: string
  readonly key?: string
  readonly resumption: NonNullable<NodeTls['resumption']>
  readonly trust: string
  readonly target?: string
  readonly platform?: string
  readonly grace: number
}

/** Of the environment variables that are the listener's. */
const prefix = 'SALLYPORT_'

const program = new Command('sallyport-serve')
  .description('Client authentication on Node: ends mutual TLS itself, or stands behind a proxy')
  .requiredOption('--trust <dir>', 'trust store: anchors.pem, intermediates.pem, crl/*.crl')
  .option('--listen <host:port>', 'port 0 takes any free one', hostAndPort, {
    host: '127.0.0.1',
    port: 8443,
  })
  .option('--cert <file>', "the server's certificate and intermediates, PEM")
  .option('--key <file>', 'its private key, PEM; without both: plain HTTP, behind a proxy')
  .option('--resumption <word>', 'never, or allowed: TLS tickets', resumptionWord, 'never')
  .option('--target <url>', 'where admitted requests go; without it: answers who was let in', url)
  .option('--platform <name>', 'who ends TLS (with --cert and --key: node-tls)')
  .option('--grace <seconds>', 'time for requests under way at SIGTERM', seconds, 10)
  .addHelpText(
    'after',
    `
The listener's other variables are read from the environment, with SALLYPORT_ before their names:
SALLYPORT_MODE, SALLYPORT_EXPIRED, SALLYPORT_HOP, SALLYPORT_HOP_SECRET, SALLYPORT_SESSION_KEYS, …
The connection log goes to standard output, all else to standard error.

Exit status: 0 ended by SIGTERM or SIGINT; 2 the settings, files or port cannot be used.`,
  )
  .showHelpAfterError('(--help tells more)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(serve)

await program.parseAsync()

async function serve(flags: Flags): Promise<void> {
  try {
    const { server, target } = await start(flags)
    console.error(`listening on ${server.url}`)
    endOnSignal(server, target, flags.grace * 1000)
  } catch (error) {
    console.error(`sallyport-serve: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 2
  }
}

async function start(flags: Flags): Promise<{ server: NodeServer; target?: NodeTarget }> {
  const tls = await readTls(flags)
  const target = flags.target === undefined ? undefined : createNodeTarget(flags.target)
  const { app, listener, ports } = await configuredApp(variablesOf(flags, tls), {
    trustFiles: directoryTrustFiles(flags.trust),
    verifier: createNodeVerifier(nodeCrypto),
    target: target?.send,
    addressAtTarget: addressOf(flags),
  })
  if (listener.platform.name === 'node-tls' && tls === undefined) {
    throw new Error('the platform node-tls needs --cert and --key')
  }
  if (listener.mode === 'verify' && (await ports.trustStore.current()) === undefined) {
    throw new Error(`${flags.trust} is no trust store: it needs anchors.pem at least`)
  }
  const server = await startNodeServer({ app, ...flags.listen, ...(tls && { tls }) })
  return { server, ...(target && { target }) }
}

/** The target is asked under its own host: that is the one that evidence has to be for. */
function addressOf({ target }: Flags): PortsOptions['addressAtTarget'] {
  return target === undefined ? undefined : (requested) => urlAtTarget(requested, target)
}

async function readTls({ cert, key, resumption }: Flags): Promise<NodeTls | undefined> {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) throw new Error('--cert and --key go together')
  const certPem = await readNamed('certificate', cert)
  return { certPem, keyPem: await readNamed('key', key), resumption }
}

async function readNamed(what: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Error(`the ${what} ${file} cannot be read: ${String(cause)}`, { cause })
  }
}

function variablesOf({ platform }: Flags, tls: NodeTls | undefined): ListenerVariables {
  const named = Object.entries(process.env).filter(([name]) => name.startsWith(prefix))
  const variables = named.map(([name, value]) => [name.slice(prefix.length), value])
  const byTls = tls === undefined ? undefined : 'node-tls'
  const chosen = platform ?? process.env[`${prefix}PLATFORM`] ?? byTls
  if (chosen === undefined) throw new Error('--platform is needed where a proxy ends TLS')
  return { ...(Object.fromEntries(variables) as ListenerVariables), PLATFORM: chosen }
}

/** A second signal does not wait. */
function endOnSignal(server: NodeServer, target: NodeTarget | undefined, graceMs: number): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      console.error(`${signal}: ending the requests under way`)
      void server.close(graceMs).then(() => target?.close())
    })
  }
}

function hostAndPort(text: string): Flags['listen'] {
  const [, host, port] = /^(\[[0-9A-Fa-f:]+\]|[^:[\]]+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535) {
    throw new InvalidArgumentError('expected an address and a port, like 127.0.0.1:8443')
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function resumptionWord(text: string): Flags['resumption'] {
  if (text === 'never' || text === 'allowed') return text
  throw new InvalidArgumentError('expected never or allowed')
}

function url(text: string): string {
  if (/^https?:/.test(text) && URL.canParse(text)) return text
  throw new InvalidArgumentError('expected an http: or https: URL')
}

function seconds(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a whole number of seconds')
}
