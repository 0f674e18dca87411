import { Hono } from 'hono'
import { beforeAll, describe, expect, test } from 'vitest'
import { withClientCertificate } from '#edge/fetch.ts'
import {
  authorizeDevice,
  clientCertificate,
  session,
  type ClientCertificateOptions,
  type DeviceEnv,
} from '#edge/hono.ts'
import { albPlatform } from '#edge/platforms/alb.ts'
import { cloudflarePlatform } from '#edge/platforms/cloudflare.ts'
import { nodeTlsPlatform } from '#edge/platforms/node-tls.ts'
import { identityText } from '#shared/identity/identity-text.ts'
import { writeAlbPassthrough } from '#shared/wire/alb.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf, keyRing } from '../runtime/given.ts'
import { codeOf, createPki, requestOf, setClock, start, type Pki } from './stage.ts'

let pki: Pki
let good: DeviceCredential
let revoked: DeviceCredential

beforeAll(async () => {
  pki = await createPki()
  good = await pki.issue('car-good')
  revoked = await pki.issue('car-revoked')
  pki.authority.revoke(revoked.serial, start, 'keyCompromise')
  await pki.publish(start)
})

const optionsOf = (changed: Partial<ClientCertificateOptions> = {}): ClientCertificateOptions => ({
  platform: cloudflarePlatform(),
  trustFiles: pki.bucket,
  clock: setClock(),
  ...changed,
})

const away = () => Promise.reject(new Error('away'))

/** Somebody's own app. */
function ownApp(changed?: Partial<ClientCertificateOptions>): Hono<DeviceEnv> {
  const app = new Hono<DeviceEnv>()
  app.get('/health', (context) => context.text('well'))
  app.use(clientCertificate(optionsOf(changed)))
  app.get('/telemetry', (context) =>
    context.json({
      subject: identityText(context.get('device')).subject,
      pretended: context.req.header('client-cert') ?? null,
    }),
  )
  return app
}

describe('in an app of their own', () => {
  test('a device is let in by name, and what it forged is gone', async () => {
    const request = requestOf(cfOf(...chainOf(good)), { 'client-cert': ':eA==:' })
    const response = await ownApp().fetch(request)
    expect(await response.json()).toEqual({
      subject: expect.stringContaining('car-good') as string,
      pretended: null,
    })
  })

  test.each([
    { name: 'none', cf: () => cfOf(), status: 401, code: 'no_certificate' },
    { name: 'revoked', cf: () => cfOf(...chainOf(revoked)), status: 403, code: 'revoked' },
  ])('$name is refused', async ({ cf, status, code }) => {
    const response = await ownApp().fetch(requestOf(cf()))
    expect([response.status, await codeOf(response)]).toEqual([status, code])
  })

  test('routes before it are open, and unknown ones behind it are not found', async () => {
    const app = ownApp()
    expect((await app.fetch(requestOf(undefined, {}, '/health'))).status).toBe(200)
    const request = requestOf(cfOf(...chainOf(good)), {}, '/elsewhere')
    expect((await app.fetch(request)).status).toBe(404)
  })

  test('a trust store that cannot be read lets nobody in', async () => {
    const trustFiles = { list: away, read: away }
    const response = await ownApp({ trustFiles }).fetch(requestOf(cfOf(...chainOf(good))))
    expect([response.status, await codeOf(response)]).toEqual([503, 'trust_store_unavailable'])
  })

  test('the connection is what the server says, and not the request', async () => {
    const peer = { raw: good.leafDer, issuerCertificate: { raw: good.intermediateDer } }
    const connectionOf = () => ({ getPeerX509Certificate: () => peer })
    const changed = { platform: nodeTlsPlatform(), connectionOf }
    expect((await ownApp(changed).fetch(requestOf(undefined))).status).toBe(200)
    const without = ownApp({ platform: nodeTlsPlatform() })
    expect((await without.fetch(requestOf(undefined))).status).toBe(400)
  })

  test('each request is logged where that is asked for', async () => {
    const lines: string[] = []
    const log = (line: string) => void lines.push(line)
    await ownApp({ connectionLog: 'json', log }).fetch(requestOf(cfOf()))
    expect(lines).toEqual([expect.stringContaining('no_certificate')])
  })

  test('a device that comes again is answered and logged as it was the first time', async () => {
    const lines: string[] = []
    const log = (line: string) => void lines.push(line)
    const app = ownApp({ connectionLog: 'json', log })
    for (const nth of [1, 2, 3]) {
      const response = await app.fetch(requestOf(cfOf(...chainOf(good))))
      expect([response.status, lines.length]).toEqual([200, nth])
      expect(await response.json()).toMatchObject({
        subject: expect.stringContaining('car-good') as string,
      })
    }
    // The first one says what its signatures cost.
    expect(new Set(lines.slice(1)).size).toBe(1)
  })
})

describe('a platform of headers', () => {
  const platform = albPlatform({ mode: 'passthrough' })

  test('needs a word on the hop', () => {
    expect(() => clientCertificate(optionsOf({ platform }))).toThrow('say with "hop"')
  })

  test('is believed over the hop alone', async () => {
    const app = ownApp({ platform, hop: { word: 'secret', secret: 's'.repeat(32) } })
    const lines = writeAlbPassthrough(chainOf(good))
    const headers = Object.fromEntries(lines)
    const statusOf = async (more: object) =>
      (await app.fetch(requestOf(undefined, { ...headers, ...more }))).status
    expect(await statusOf({ 'x-sallyport-hop': 's'.repeat(32) })).toBe(200)
    expect(await statusOf({})).toBe(421)
  })
})

describe('sessions', () => {
  test('begin with the first request and are used at the next', async () => {
    const app = new Hono<DeviceEnv>()
    app.use(clientCertificate(optionsOf({ session: await session(keyRing) })))
    app.get('/', (context) => context.text(context.get('session')))
    const cf = cfOf(...chainOf(good))
    const issued = await app.fetch(requestOf(cf, {}, '/'))
    const cookie = issued.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const used = await app.fetch(requestOf(cf, { cookie }, '/'))
    expect([await issued.text(), await used.text()]).toEqual(['issued', 'used'])
  })

  test('come and go by Authorization where the device asks so, and no handler reads a token', async () => {
    const app = new Hono<DeviceEnv>()
    app.use(clientCertificate(optionsOf({ session: await session(keyRing) })))
    app.get('/', (context) => context.json([...context.req.raw.headers.keys()]))
    const cf = cfOf(...chainOf(good))
    const issued = await app.fetch(requestOf(cf, { authorization: 'Sallyport' }, '/'))
    const [, token] = /^session="(.+)"$/.exec(issued.headers.get('authentication-info') ?? '') ?? []
    expect(issued.headers.getSetCookie()).toEqual([])
    const headers = { authorization: `Sallyport ${token}`, cookie: `__Host-sallyport=${token}` }
    const used = await app.fetch(requestOf(cf, { ...headers, accept: '*/*' }, '/'))
    expect([await issued.json(), await used.json()]).toEqual([[], ['accept']])
    expect([...used.headers.keys()]).toEqual(['content-type'])
  })

  test('a request that the app put in place of its own stays', async () => {
    const app = new Hono<DeviceEnv>()
    app.use(clientCertificate(optionsOf({ session: await session(keyRing) })))
    app.use((context, next) => {
      context.req.raw = new Request(context.req.raw, { headers: { 'x-own': '1' } })
      return next()
    })
    app.get('/', (context) => context.text(context.req.header('x-own') ?? 'gone'))
    const request = requestOf(cfOf(...chainOf(good)), { 'client-cert': ':eA==:' }, '/')
    expect(await (await app.fetch(request)).text()).toBe('1')
  })

  test.each([
    { name: 'a short key', keys: 'a:c2hvcnQ=', ttlMs: 1000, says: 'expected session key 1 as' },
    { name: 'the most', keys: keyRing, ttlMs: 900_001, says: 'at most 900000' },
    { name: 'none at all', keys: keyRing, ttlMs: 0, says: 'at most 900000' },
  ])('$name is told', async ({ keys, ttlMs, says }) => {
    await expect(session(keys, ttlMs)).rejects.toThrow(says)
  })
})

function guarded(policies: unknown): Hono<DeviceEnv> {
  const app = new Hono<DeviceEnv>()
  app.use(clientCertificate(optionsOf()), authorizeDevice(policies))
  app.all('*', (context) => context.text('within'))
  return app
}

const policyOf = (changed: object) => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'devices' },
  spec: {
    rules: [
      {
        from: [{ source: { principals: ['fleet.sallyport.example/car/*'] } }],
        to: [{ operation: { methods: ['GET'], paths: ['/telemetry', '/a|b'] } }],
      },
    ],
    ...changed,
  },
})

describe('authorizeDevice', () => {
  test.each([
    { path: '/telemetry', method: 'GET', status: 200 },
    { path: '/telemetry', method: 'POST', status: 403 },
    { path: '/admin', method: 'GET', status: 403 },
    { path: '//telemetry', method: 'GET', status: 400 },
    { path: '/%74elemetry', method: 'GET', status: 400 },
    { path: '/a|b', method: 'GET', status: 200 },
    { path: '/a%7Cb', method: 'GET', status: 400 },
  ])('$method $path: $status', async ({ path, method, status }) => {
    const request = new Request(`https://edge.example${path}`, { method })
    const cf = cfOf(...chainOf(good))
    const response = await guarded(policyOf({})).fetch(
      Object.defineProperty(request, 'cf', { value: cf }),
    )
    expect(response.status).toBe(status)
  })

  test('a policy that is wrong is told', () => {
    expect(() => authorizeDevice(policyOf({ action: 'ALLOWED' }))).toThrow('spec.action')
  })

  const custom = policyOf({ action: 'CUSTOM', provider: { name: 'depot' } })

  test.each([
    { answer: 'allow', status: 200 },
    { answer: 'deny', status: 403 },
    { answer: 'unavailable', status: 403 },
  ] as const)('a provider that answers $answer: $status', async ({ answer, status }) => {
    const asked: string[] = []
    const app = new Hono<DeviceEnv>()
    app.use(clientCertificate(optionsOf()))
    app.use(
      authorizeDevice(custom, async (provider, { method, path }) => {
        asked.push(`${provider} ${method} ${path}`)
        return answer
      }),
    )
    app.get('*', (context) => context.text('within'))
    const response = await app.fetch(requestOf(cfOf(...chainOf(good)), {}, '/telemetry'))
    expect([response.status, asked]).toEqual([status, ['depot GET /telemetry']])
  })

  test('a provider that nobody answers for is told', () => {
    expect(() => authorizeDevice(custom)).toThrow('there is none')
  })

  test('nothing is admitted in the wrong order', async () => {
    const app = new Hono<DeviceEnv>()
    app.use(authorizeDevice(policyOf({ action: 'DENY' })))
    app.get('*', (context) => context.text('within'))
    expect((await app.fetch(requestOf(undefined, {}, '/telemetry'))).status).toBe(500)
  })
})

describe('without a framework', () => {
  test('the handler sees devices alone', async () => {
    const seen: string[] = []
    const handle = withClientCertificate(optionsOf(), async (request, device) => {
      seen.push(identityText(device).subject ?? '')
      return new Response(await request.text())
    })
    const ask = (cf: object) => {
      const request = new Request('https://edge.example/', { method: 'POST', body: 'octets' })
      return handle(Object.defineProperty(request, 'cf', { value: cf }))
    }
    expect((await ask(cfOf())).status).toBe(401)
    expect(await (await ask(cfOf(...chainOf(good)))).text()).toBe('octets')
    expect(seen).toEqual([expect.stringContaining('car-good')])
  })
})
