import * as nodeCrypto from 'node:crypto'
import { configuredApp } from '#edge/configured-app.ts'
import {
  createDeviceRegistry,
  type DeviceRegistry,
} from '#edge/enrollment/registry/device-registry.ts'
import { openRegistryPart } from '#edge/enrollment/registry/part.ts'
import { askedPart, type RemotePart } from '#edge/enrollment/registry/remote-part.ts'
import { startNodeServer, type NodeTls } from '#edge/node.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import type { Clock } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import { bytes, stream } from '../random.ts'
import { caUrl, sha256, type WorldCa } from './authorities.ts'
import { estPath, retryAfterMs, type Door } from './door.ts'
import type { Plan } from './plan.ts'

/*
 * The one file here that knows the edge: its app by the public entry, the real registry over SQLite in
 * memory, and Node's own TLS server.
 */

/** What a rehearsal asks of the registry beside enrolment, as an operator does. */
export type Desk = Pick<
  DeviceRegistry,
  'makeClaim' | 'challenge' | 'registerAuthority' | 'setStatus' | 'counts' | 'device'
>

export interface RehearsedEdge {
  readonly desk: Desk
  readonly door: Door
}

export interface EdgeOptions {
  readonly plan: Pick<Plan, 'seed' | 'validityMs'>
  readonly clock: Clock
  readonly fleet: WorldCa
  readonly factory: WorldCa
  readonly askCa: (request: Request) => Promise<Response>
  /** What lies in the trust store, by name, whenever it is looked at: the fleet's CA unless given. */
  readonly trust?: () => ReadonlyMap<string, Bytes>
  /** What `cacerts` hands out, PEM, the issuing CA first: the fleet's CA alone unless given. */
  readonly caCertificates?: string
  /** Told of claims that leaked. */
  readonly alarm?: NonNullable<Parameters<typeof createDeviceRegistry>[0]['alarm']>
}

/** The edge in this process, asked as nginx hands a device's certificate over. */
export async function openVirtualEdge(options: EdgeOptions): Promise<RehearsedEdge> {
  const opened = openRegistry(options)
  const { registry } = opened
  const { app } = await openApp(options, registry, {
    PLATFORM: 'nginx',
    HOP: 'network',
    CERT_HEADER: certHeader,
  })
  return {
    desk: registry,
    door: {
      async ask({ operation, request, presented, authorization }) {
        const headers = new Headers({ 'content-type': 'application/pkcs10' })
        if (authorization !== undefined) headers.set('authorization', authorization)
        if (presented !== undefined) {
          headers.set(certHeader, encodeURIComponent(encodePem('CERTIFICATE', presented.der)))
        }
        const init = { method: 'POST', headers, body: toBase64(request) }
        const response = await app.request(`https://edge.example${estPath}/${operation}`, init)
        return {
          status: response.status,
          text: await response.text(),
          retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
        }
      },
      close: async () => opened.close(),
    },
  }
}

const certHeader = 'x-client-cert'

/** The edge behind its own TLS server on a free port of loopback. `close` ends both. */
export async function openTlsEdge(
  options: EdgeOptions,
  tls: NodeTls,
): Promise<{ readonly desk: Desk; readonly port: number; readonly close: () => Promise<void> }> {
  const opened = openRegistry(options)
  const { registry } = opened
  const { app } = await openApp(options, registry, { PLATFORM: 'node-tls' })
  const server = await startNodeServer({ app, host: '127.0.0.1', port: 0, tls })
  return {
    desk: registry,
    port: server.port,
    async close() {
      await server.close(closeGraceMs)
      opened.close()
    },
  }
}

/** Every device has hung up by then. */
const closeGraceMs = 1000

function openApp(
  options: EdgeOptions,
  registry: DeviceRegistry,
  platform: Readonly<Record<string, string>>,
) {
  const { plan, clock, fleet, factory, askCa } = options
  const { caCertificates = fleet.pem } = options
  const variables = {
    ...platform,
    CONNECTION_LOG: 'off',
    ENROLLMENT: JSON.stringify({
      cas: { fleet: { kind: 'est', url: caUrl, user: 'edge', certificates: caCertificates } },
      labels: {
        '': {
          ca: 'fleet',
          factories: factory.pem,
          factoryCrlAbsent: 'accept',
          validity: `${plan.validityMs / 1000}s`,
        },
      },
    }),
    ENROLLMENT_KEYS: JSON.stringify({ fleet: 'rehearsal' }),
  }
  return configuredApp(variables, {
    clock,
    verifier: createNodeVerifier(nodeCrypto),
    trustFiles: trustFilesOf(options),
    // Refusals are judged one by one by their codes: a line for each says nothing more.
    openEnrolment: () => ({ registry, askCa, report: () => undefined }),
    log: () => undefined,
  })
}

function trustFilesOf({
  fleet,
  trust = () => new Map([['anchors.pem', toUtf8(fleet.pem)]]),
}: EdgeOptions) {
  return {
    list: async () =>
      [...trust()].map(([name, octets]) => ({ name, version: sha256(octets), writtenAt: 0 })),
    read: async (name: string) => trust().get(name)?.slice(),
  }
}

/** A registry over SQLite in memory; all of its chance comes from the seed. */
export function openRegistry({
  plan,
  clock,
  alarm,
}: Pick<EdgeOptions, 'clock' | 'alarm'> & { readonly plan: Pick<Plan, 'seed'> }) {
  const databases: ReturnType<typeof nodeSql>[] = []
  const parts = new Map<string, RemotePart>()
  const open = (name: string): RemotePart => {
    const database = nodeSql(':memory:')
    databases.push(database)
    const part = askedPart(openRegistryPart(database))
    parts.set(name, part)
    return part
  }
  const chance = stream(plan.seed, 'registry')
  const registry = createDeviceRegistry({
    part: (name) => parts.get(name) ?? open(name),
    shards: registryShards,
    clock,
    random: (count) => bytes(chance, count),
    verifier: createNodeVerifier(nodeCrypto),
    ...(alarm !== undefined && { alarm }),
  })
  return {
    registry,
    close() {
      for (const each of databases) each.close()
    },
  }
}

/** As a gateway on Node has them. */
const registryShards = 16
