import type { Hono } from 'hono'
import { createApp } from '#edge/app.ts'
import type { AppEnv, Ports } from '#edge/context.ts'
import { createPorts } from '#edge/ports.ts'
import type { EnrolmentPorts } from '#edge/enrollment/ports.ts'
import type { AskCa } from '#edge/enrollment/signers/ask-ca.ts'
import { fromBase64, toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { readCertsOnly } from '#shared/wire/certs-only.ts'
import { listenerOf, memoryBucket, setClock, start, type SetClock } from '../stage.ts'
import { createCa, type TestCa } from '../../interop/est/devices.ts'
import { memoryRegistry, type MemoryRegistry } from './memory-registry.ts'

/** The edge app with an EST server behind nginx, a CA of its own, and a factory that it knows. */
export interface EstStage {
  readonly app: Hono<AppEnv>
  readonly clock: SetClock
  readonly ca: TestCa
  readonly factory: TestCa
  readonly registry: MemoryRegistry
  readonly told: string[]
  readonly lines: string[]
  /** Writes a file of the listener's trust store, and lets time pass until it counts. */
  trust(name: string, pem: string): void
  ask(operation: string, asked?: Asked): Promise<Response>
}

export interface Asked {
  readonly method?: string
  readonly request?: Bytes
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** DER of what was presented in the handshake. */
  readonly certificate?: Bytes
}

export interface EstStageOptions {
  readonly labels?: (document: object) => object
  readonly cas?: (own: object) => object
  readonly secrets?: Readonly<Record<string, string>>
  readonly askCa?: AskCa
  /** Of ENROLLMENT: what becomes of devices that connect; the factory is a trust anchor then. */
  readonly firstConnections?: object
  readonly ports?: Partial<Pick<Ports, 'after'>>
  /** In place of one that says yes to everything. */
  readonly registryOn?: (clock: SetClock) => EnrolmentPorts['registry']
}

export async function createEstStage(options: EstStageOptions = {}): Promise<EstStage> {
  const clock = setClock()
  const ca = await createCa('Fleet CA', start)
  const factory = await createCa('Factory CA', start)
  const own = { kind: 'key', certificates: ca.pem, crlUrl: 'http://crl.example/fleet.crl' }
  const label = { ca: 'fleet', factories: factory.pem, factoryCrlAbsent: 'accept' }
  const altNames = ['dns:{device}.fleet.example']
  const labels = { '': label, named: { ...label, altNames }, svid: { ...label, profile: 'spiffe' } }
  const listener = await listenerOf({
    PLATFORM: 'nginx',
    HOP: 'network',
    CERT_HEADER: 'x-client-cert',
    CRL_ABSENT: options.firstConnections === undefined ? 'refuse' : 'accept',
    ENROLLMENT: JSON.stringify({
      cas: options.cas?.(own) ?? { fleet: own },
      labels: options.labels?.(label) ?? labels,
      firstConnections: options.firstConnections,
    }),
    ENROLLMENT_KEYS: JSON.stringify({ fleet: ca.pkcs8, ...options.secrets }),
  })
  const registry = memoryRegistry(clock)
  const told: string[] = []
  const lines: string[] = []
  const bucket = memoryBucket()
  const isFactoryKnown = options.firstConnections !== undefined
  bucket.put('anchors.pem', toUtf8(isFactoryKnown ? ca.pem + factory.pem : ca.pem))
  const ports = createPorts(listener, {
    trustFiles: bucket,
    clock,
    log: (line) => void lines.push(line),
  })
  const askCa = options.askCa ?? (async () => new Response('', { status: 599 }))
  const report = (sentence: string): void => void told.push(sentence)
  const used = options.registryOn?.(clock) ?? registry
  const app = createApp(listener, {
    ...ports,
    ...options.ports,
    enrolment: { registry: used, askCa, report },
  })
  return {
    app,
    clock,
    ca,
    factory,
    registry,
    told,
    lines,
    trust(name, pem) {
      bucket.put(name, toUtf8(pem))
      clock.advance(listener.maxStalenessMs + 1)
    },
    ask: async (operation, asked) => app.request(...requestOf(operation, asked)),
  }
}

function requestOf(operation: string, asked: Asked = {}): [string, RequestInit] {
  const { request, certificate, headers } = asked
  const body = asked.body ?? (request === undefined ? undefined : toBase64(request))
  const pem = certificate === undefined ? undefined : encodePem('CERTIFICATE', certificate)
  return [
    `https://edge.example/.well-known/est/${operation}`,
    {
      method: asked.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(body !== undefined && { 'content-type': 'application/pkcs10' }),
        ...(pem !== undefined && { 'x-client-cert': encodeURIComponent(pem) }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    },
  ]
}

export const basic = (user: string, password: string): Readonly<Record<string, string>> => ({
  authorization: `Basic ${btoa(`${user}:${password}`)}`,
})

/** The certificates of an answer; throws with its text where it has none. */
export async function certificatesOf(response: Response): Promise<readonly Bytes[]> {
  const text = await response.text()
  const octets = response.status === 200 ? fromBase64(text) : undefined
  const read = octets === undefined ? undefined : readCertsOnly(octets)
  if (read?.ok !== true) throw new Error(`${response.status}: ${text}`)
  return read.value
}

/** The one certificate of an answer. */
export async function certificateOf(response: Response): Promise<Bytes> {
  const [certificate, ...more] = await certificatesOf(response)
  if (certificate === undefined || more.length > 0) throw new Error('not exactly one certificate')
  return certificate
}
