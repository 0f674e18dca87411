#!/usr/bin/env node
import * as nodeCrypto from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import { configuredApp } from './configured-app.ts'
import { openTcpBroker, type HostAndPort } from './node/broker.ts'
import { nodeEnrolment } from './node/enrolment.ts'
import { createLiveTls, type LiveTls, type TlsSources } from './node/live-tls.ts'
import { createNodeTargets, type NodeTargets } from './node/target.ts'
import { tlsPolicyNames, type TlsPolicyName } from './node/tls-policies.ts'
import { createAcceptWebSocket } from './node/websocket.ts'
import { startNodeServer, type NodeServer, type NodeTls } from './node.ts'
import type { Ports } from './context.ts'
import { followedListenerOf, followedOf, type FollowVariables } from './node/followed.ts'
import { followedApp, type FollowedApp } from './node/listener.ts'
import type { PortsOptions, TrustStoreSource } from './ports.ts'
import { directoryTrustFiles } from './trust-stores/directory-trust-files.ts'
import { decidesAnywhere } from './policies/choose.ts'
import { variableNames, type ListenerVariables } from './variables.ts'

interface Flags {
  readonly listen: HostAndPort
  readonly cert?: string
  readonly key?: string
  readonly resumption: NonNullable<NodeTls['resumption']>
  readonly tlsPolicy?: TlsPolicyName
  readonly advertiseCaNames: 'on' | 'off'
  readonly trust?: string
  readonly registry?: string
  readonly target?: string
  readonly broker?: HostAndPort
  readonly maxConnections: number
  readonly platform?: string
  readonly grace: number
}

/** Of the environment variables that are the listener's. */
const prefix = 'SALLYPORT_'

/** A listing of the trust store's directory is cheap, and not free. */
const namesPeriodMinMs = 1000

const program = new Command('sallyport-serve')
  .description('Client authentication on Node: ends mutual TLS itself, or stands behind a proxy')
  .option('--trust <dir>', 'trust store: anchors.pem, intermediates.pem, crl/*.crl')
  .addOption(
    new Option('--listen <host:port>', 'port 0 takes any free one')
      .argParser(hostAndPort)
      .default({ host: '127.0.0.1', port: 8443 }, '127.0.0.1:8443'),
  )
  .option('--cert <file>', "the server's certificate and intermediates, PEM")
  .option('--key <file>', 'its private key, PEM; without both: plain HTTP, behind a proxy')
  .option('--resumption <word>', 'never, or allowed: TLS tickets', resumptionWord, 'never')
  .addOption(
    new Option('--tls-policy <name>', "ALB's name for versions, suites and curves").choices(
      tlsPolicyNames,
    ),
  )
  .addOption(
    new Option('--advertise-ca-names <word>', "tell clients the trust store's names")
      .choices(['on', 'off'])
      .default('off'),
  )
  .option('--target <url>', 'where admitted requests go; without it: answers who was let in', url)
  .option('--broker <host:port>', 'MQTT over WebSocket at /mqtt goes there', hostAndPort)
  .option('--registry <dir>', 'devices that enrol over EST (SALLYPORT_ENROLLMENT)')
  .option('--max-connections <count>', 'more at a time are closed at once', count, 16_384)
  .option('--platform <name>', 'who ends TLS (with --cert and --key: node-tls)')
  .option('--grace <seconds>', 'time for requests under way at SIGTERM', seconds, 10)
  .addHelpText(
    'after',
    `
The listener's other variables are read from the environment, with SALLYPORT_ before their names:
SALLYPORT_MODE, SALLYPORT_EXPIRED, SALLYPORT_HOP, SALLYPORT_HOP_SECRET, SALLYPORT_SESSION_KEYS, …
In place of --trust it follows a trust store of a control plane: SALLYPORT_TRUST_STORE (its name),
SALLYPORT_TRUST_STORE_URL, SALLYPORT_TRUST_STORE_TOKEN (of the scope read). SALLYPORT_LISTENER (its ARN
or name, like fleet:443) in place of SALLYPORT_TRUST_STORE follows a listener there, which says mode,
trust store, leave for expired certificates and header names, and is obeyed without a restart.
With --registry, SALLYPORT_REGISTRY_APPROVAL_WEBHOOK and SALLYPORT_REGISTRY_APPROVAL_WEBHOOK_SECRET name
who approves devices whose claim or CA says hook; SALLYPORT_SOURCES_OPEN_HOSTS opens hosts to it.
The connection log goes to standard output, all else to standard error.
SIGHUP reads --cert and --key again: open connections stay, and new ones get the new certificate.

Exit status: 0 ended by SIGTERM or SIGINT; 2 the settings, files or port cannot be used, or nobody
takes the connection log any more (the requests under way are ended first).`,
  )
  .showHelpAfterError('(--help tells more)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(serve)

await program.parseAsync()

async function serve(flags: Flags): Promise<void> {
  try {
    const { server, targets } = await start(flags)
    endOnSignal(server, targets, flags.grace * 1000)
    endWithoutLog(server, targets, flags.grace * 1000)
    // Whoever reads this may end it in the same moment.
    console.error(`listening on ${server.url}`)
  } catch (error) {
    console.error(`sallyport-serve: ${messageOf(error)}`)
    process.exitCode = 2
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function start(flags: Flags): Promise<{ server: NodeServer; targets: NodeTargets }> {
  const endsTls = hasCredential(flags)
  const targets = createNodeTargets()
  const target =
    flags.target === undefined ? undefined : targets.open({ kind: 'url', url: flags.target })
  const { app, listener, ports } = await openApp(flags, variablesOf(flags, endsTls), {
    verifier: createNodeVerifier(nodeCrypto),
    target: target?.send,
    addressAtTarget: target?.addressOf,
    openTarget: targets.open,
    mqtt: mqttOf(flags),
    openEnrolment: enrolmentOf(flags),
  })
  if (target !== undefined && listener.forwarding.routing !== undefined) {
    throw new Error('--target goes without SALLYPORT_TARGET_GROUPS: name it in a group there')
  }
  if (listener.platform.name === 'node-tls' && !endsTls) {
    throw new Error('the platform node-tls needs --cert and --key')
  }
  if (decidesAnywhere(listener) && (await ports.trustStore.current()) === undefined) {
    throw new Error(noTrustStore(flags))
  }
  const tls = endsTls ? await createLiveTls(tlsSources(flags, ports)) : undefined
  const limits = { connectionsMax: flags.maxConnections }
  const options = { app, ...flags.listen, limits, ...(tls && { tls: tls.settings() }) }
  const server = await startNodeServer(options)
  if (tls !== undefined) keepCurrent(tls, server, flags, listener.maxStalenessMs)
  return { server, targets }
}

/** Whoever approves devices is asked by the process that enrols them: without one nobody would be. */
function enrolmentOf({ registry }: Flags): PortsOptions['openEnrolment'] {
  const variables = enrolmentVariables()
  if (registry !== undefined) return nodeEnrolment(registry, variables)
  if (variables.REGISTRY_APPROVAL_WEBHOOK === undefined) return undefined
  throw new Error('REGISTRY_APPROVAL_WEBHOOK goes with --registry <dir>')
}

function enrolmentVariables() {
  return {
    REGISTRY_APPROVAL_WEBHOOK: process.env[`${prefix}REGISTRY_APPROVAL_WEBHOOK`],
    REGISTRY_APPROVAL_WEBHOOK_SECRET: process.env[`${prefix}REGISTRY_APPROVAL_WEBHOOK_SECRET`],
    SOURCES_OPEN_HOSTS: process.env[`${prefix}SOURCES_OPEN_HOSTS`],
  }
}

/** The app of these variables, or of the control plane's listener that they name. */
async function openApp(
  flags: Flags,
  variables: ListenerVariables,
  options: Omit<PortsOptions, 'trustFiles'>,
): Promise<FollowedApp> {
  const followed = followedListenerOf(followVariables(), (sentence) => console.error(sentence))
  if (followed === undefined) return configuredApp(variables, { ...options, ...trustOf(flags) })
  if (flags.trust !== undefined) throw new Error('--trust goes without SALLYPORT_LISTENER')
  return followedApp(variables, followed, options)
}

/** A directory, or a control plane that is followed: two would be two words on who is revoked. */
function trustOf({ trust }: Flags): TrustStoreSource {
  const openTrustStore = followedOf(followVariables(), (sentence) => console.error(sentence))
  if (trust !== undefined && openTrustStore === undefined) {
    return { trustFiles: directoryTrustFiles(trust) }
  }
  if (trust === undefined && openTrustStore !== undefined) return { openTrustStore }
  throw new Error(
    'expected --trust <dir>, or SALLYPORT_TRUST_STORE or SALLYPORT_LISTENER with SALLYPORT_TRUST_STORE_URL and _TOKEN',
  )
}

function followVariables(): FollowVariables {
  return {
    LISTENER: process.env[`${prefix}LISTENER`],
    MAX_STALENESS: process.env[`${prefix}MAX_STALENESS`],
    TRUST_STORE: process.env[`${prefix}TRUST_STORE`],
    TRUST_STORE_URL: process.env[`${prefix}TRUST_STORE_URL`],
    TRUST_STORE_TOKEN: process.env[`${prefix}TRUST_STORE_TOKEN`],
  }
}

function noTrustStore({ trust }: Flags): string {
  if (trust !== undefined) return `${trust} is no trust store: it needs anchors.pem at least`
  const { LISTENER, TRUST_STORE } = followVariables()
  const which = LISTENER === undefined ? (TRUST_STORE ?? '') : `for the listener ${LISTENER}`
  return `the control plane gave no trust store ${which}`
}

function hasCredential({ cert, key, tlsPolicy, advertiseCaNames }: Flags): boolean {
  if ((cert === undefined) !== (key === undefined)) throw new Error('--cert and --key go together')
  if (cert === undefined && (tlsPolicy !== undefined || advertiseCaNames === 'on')) {
    throw new Error('--tls-policy and --advertise-ca-names need --cert and --key')
  }
  return cert !== undefined
}

function tlsSources(flags: Flags, { trustStore }: Ports): TlsSources {
  const { cert = '', key = '', resumption, tlsPolicy, advertiseCaNames } = flags
  return {
    credential: async () => ({
      certPem: await readNamed('certificate', cert),
      keyPem: await readNamed('key', key),
    }),
    resumption,
    ...(tlsPolicy !== undefined && { policy: tlsPolicy }),
    ...(advertiseCaNames === 'on' && { trustStore }),
  }
}

function mqttOf({ broker }: Flags): PortsOptions['mqtt'] {
  if (broker === undefined) return undefined
  const acceptWebSocket = createAcceptWebSocket()
  return { openBroker: () => openTcpBroker(broker), acceptWebSocket }
}

/** Whatever cannot be used is told, and what was in force before stays. */
function keepCurrent(tls: LiveTls, server: NodeServer, flags: Flags, maxStalenessMs: number): void {
  process.on('SIGHUP', () => {
    tls.reload(server).then(
      () => console.error('SIGHUP: the certificate was read again'),
      (error: unknown) => console.error(`SIGHUP: the certificate stays: ${messageOf(error)}`),
    )
  })
  if (flags.advertiseCaNames === 'off') return
  let told = ''
  const refresh = (): void => {
    tls.refreshNames(server).catch((error: unknown) => {
      // The same trust store again is the same news.
      if (messageOf(error) !== told) console.error(messageOf(error))
      told = messageOf(error)
    })
  }
  setInterval(refresh, Math.max(namesPeriodMinMs, maxStalenessMs)).unref()
}

async function readNamed(what: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Error(`the ${what} ${file} cannot be read: ${String(cause)}`, { cause })
  }
}

function variablesOf({ platform }: Flags, endsTls: boolean): ListenerVariables {
  const named = Object.entries(process.env).filter(([name]) => name.startsWith(prefix))
  const variables = named.map(([name, value]) => [name.slice(prefix.length), value] as const)
  tellUnknown(variables.map(([name]) => name))
  const byTls = endsTls ? 'node-tls' : undefined
  const chosen = platform ?? process.env[`${prefix}PLATFORM`] ?? byTls
  if (chosen === undefined)
    throw new Error('expected --cert and --key, or --platform <name> where a proxy ends TLS')
  return { ...(Object.fromEntries(variables) as ListenerVariables), PLATFORM: chosen }
}

/** A policy under a misspelt name is in force nowhere. It is only told: other commands have variables too. */
function tellUnknown(names: readonly string[]): void {
  const beside = { ...followVariables(), ...enrolmentVariables() }
  const known = new Set<string>([...variableNames, ...Object.keys(beside)])
  for (const name of names) {
    if (known.has(name)) continue
    console.error(`${prefix}${name} is no variable of sallyport-serve: nothing of it is in force`)
  }
}

/** A second signal does not wait. */
function endOnSignal(server: NodeServer, targets: NodeTargets, graceMs: number): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      console.error(`${signal}: ending the requests under way`)
      void server.close(graceMs).then(() => targets.close())
    })
  }
}

/** Decisions that nobody can look up are not made: whoever reads the log went first. */
function endWithoutLog(server: NodeServer, targets: NodeTargets, graceMs: number): void {
  process.stdout.once('error', (fault) => {
    console.error(`sallyport-serve: the connection log cannot be written: ${messageOf(fault)}`)
    process.exitCode = 2
    // Each further line fails alike.
    process.stdout.on('error', () => undefined)
    void server.close(graceMs).then(() => targets.close())
  })
}

function hostAndPort(text: string): HostAndPort {
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

function count(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a whole number, 1 at least')
}

function seconds(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a whole number of seconds')
}
