import { Hono, type Context } from 'hono'
import { createApp } from '#edge/app.ts'
import { readListener } from '#edge/config.ts'
import type { Ports } from '#edge/context.ts'
import { clientCertificate, type ClientCertificateOptions, type DeviceEnv } from '#edge/hono.ts'
import type { Listener } from '#edge/listener.ts'
import { cloudflarePlatform } from '#edge/platforms/cloudflare.ts'
import type { Platform, PlatformRequest } from '#edge/platforms/platform.ts'
import { createPorts } from '#edge/ports.ts'
import type { TrustFiles } from '#edge/trust-stores/trust-files.ts'
import type { ListenerVariables } from '#edge/variables.ts'
import { importKeyRing } from '#shared/session/key-ring.ts'
import { sessionTtlMaxMs } from '#shared/session/session.ts'
import { benchNow, type Fixture } from './operations/operation.ts'
import { unpackFixture } from './runtimes/fixture-wire.ts'

/*
 * One worker with and without the middleware. `PUT /` takes the trust store's files and makes the apps
 * anew, with nothing remembered; `GET /<app>/…` is a request to one of them. Which app it is costs all
 * of them the same.
 */

interface App {
  fetch(request: Request): Response | Promise<Response>
}

let apps: ReadonlyMap<string, App> = new Map()

/** A body of the size that telemetry is answered with. */
const answered = { accepted: true, next: '2027-01-15T13:00:00Z' }

const clock = { now: () => benchNow }

async function createApps(fixture: Fixture): Promise<ReadonlyMap<string, App>> {
  const trustFiles = filesOf(fixture)
  const log: string[] = []
  const options: ClientCertificateOptions = { platform: cloudflarePlatform(), trustFiles, clock }
  const ring = await importKeyRing(`k1:${btoa('0123456789abcdef0123456789abcdef')}`)
  if (!ring.ok) throw new Error(ring.error)
  return new Map<string, App>([
    ['without', ownApp()],
    ['reports', appOfReports()],
    ['cf', appThatReadsCf()],
    ['with', ownApp(options)],
    ['with-reports', appOfReports(options)],
    ['logged', ownApp({ ...options, connectionLog: 'json', log: oneLine(log) })],
    ['cookie', ownApp({ ...options, session: { ring: ring.value, ttlMs: sessionTtlMaxMs } })],
    ...(await appsBehindHeaders(fixture, options)),
    ['gateway-off', await gateway({ MODE: 'off' }, trustFiles)],
    ['gateway-verify', await gateway({ MODE: 'verify' }, trustFiles)],
  ])
}

/** Somebody's own app, with the middleware where there are options for it. */
function ownApp(options?: ClientCertificateOptions): App {
  const app = new Hono<DeviceEnv>()
  if (options !== undefined) app.use(clientCertificate(options))
  app.get('*', (context) => context.json(answered))
  return app
}

/** An app that does what telemetry is sent for: reads a report, looks at it and answers. */
function appOfReports(options?: ClientCertificateOptions): App {
  const app = new Hono<DeviceEnv>()
  if (options !== undefined) app.use(clientCertificate(options))
  app.post('*', async (context) => {
    const { meter, readings }: Report = await context.req.json()
    if (!readings.every(({ kwh }) => kwh >= 0)) return context.json({ accepted: false }, 400)
    const kwh = readings.reduce((total, reading) => total + reading.kwh, 0)
    return context.json({ ...answered, meter, kwh })
  })
  return app
}

interface Report {
  readonly meter: string
  readonly readings: readonly { readonly kwh: number }[]
}

/** The app behind each platform of headers that the fixture configures. */
async function appsBehindHeaders(
  fixture: Fixture,
  options: ClientCertificateOptions,
): Promise<readonly (readonly [string, App])[]> {
  const text = new TextDecoder().decode(fixture['listeners.json']?.[0])
  const listeners = JSON.parse(text) as Readonly<Record<string, ListenerVariables>>
  const made: [string, App][] = []
  for (const [name, variables] of Object.entries(listeners)) {
    const { platform, hop } = await listenerOf(variables)
    made.push([name, ownApp({ ...options, platform, hop })])
    made.push([`${name}-reports`, appOfReports({ ...options, platform, hop })])
    made.push([`${name}-read`, appThatReads(platform)])
    made.push([`${name}-idle`, appWithIdleMiddleware(platform)])
  }
  return made
}

/**
 * An app that waits for something, as nearly all do, and reads what the platform says of the certificate:
 * long strings that live across a promise are the runtime's own cost, most of it in V8's collector.
 */
function appThatReads(platform: Platform): App {
  const app = new Hono()
  app.get('*', async (context) => {
    const isThere = hasFacts(context, platform)
    await Promise.resolve()
    return isThere ? context.json(answered) : context.text('no facts', 500)
  })
  return app
}

/** The same in a middleware, which does nothing else: what Hono asks for any of them is in it as well. */
function appWithIdleMiddleware(platform: Platform): App {
  const app = new Hono()
  app.use(async (context, next) => {
    if (!hasFacts(context, platform)) return context.text('no facts', 500)
    return next()
  })
  app.get('*', (context) => context.json(answered))
  return app
}

function hasFacts(context: Context, { ownHeaders }: Platform): boolean {
  const read = ownHeaders.map((name) => context.req.raw.headers.get(name))
  return read.some((value) => value !== null)
}

/** workerd makes `request.cf` of its JSON where it is first asked for: the platform's own cost. */
function appThatReadsCf(): App {
  const app = new Hono()
  app.get('*', (context) => {
    const { cf }: PlatformRequest = context.req.raw
    return cf === undefined ? context.text('no facts', 500) : context.json(answered)
  })
  return app
}

const target: Ports['target'] = () => Promise.resolve(Response.json(answered))

/** The whole worker before a target that answers at once: what is forwarded is made and not sent. */
async function gateway(variables: ListenerVariables, trustFiles: TrustFiles): Promise<App> {
  const listener = await listenerOf(variables)
  return createApp(listener, createPorts(listener, { trustFiles, clock, target }))
}

async function listenerOf(variables: ListenerVariables): Promise<Listener> {
  const listener = await readListener({ ...variables, CONNECTION_LOG: 'off' })
  if (!listener.ok) throw new Error(JSON.stringify(listener.error))
  return listener.value
}

/** A log that takes lines and holds the last of them. */
const oneLine =
  (log: string[]) =>
  (line: string): void => {
    log[0] = line
  }

function filesOf(fixture: Fixture): TrustFiles {
  return {
    list: async () =>
      Object.keys(fixture).map((name) => ({ name, version: '1', writtenAt: benchNow })),
    read: async (name) => fixture[name]?.[0],
  }
}

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method === 'PUT') {
      apps = await createApps(unpackFixture(new Uint8Array(await request.arrayBuffer())))
      return new Response('ready')
    }
    const [, , , name = ''] = request.url.split('/', 4)
    const app = apps.get(name)
    return app === undefined ? new Response('no such app', { status: 404 }) : app.fetch(request)
  },
}
