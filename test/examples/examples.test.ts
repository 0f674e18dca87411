import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { toUtf8 } from '#shared/bytes.ts'
import { writeAlbPassthrough } from '#shared/wire/alb.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import {
  answered,
  connected,
  createDirectoryPki,
  deviceOptions,
  type DirectoryPki,
} from '../runtime/directory-pki.ts'
import { cfOf, chainOf, dayMs } from '../runtime/given.ts'
import { startRuntime } from '../runtime/stage.ts'

let pki: DirectoryPki
let car: DeviceCredential
let revoked: DeviceCredential

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  pki = await createDirectoryPki(Date.now())
  car = await pki.issue('car-1')
  revoked = await pki.issue('car-2')
  await pki.revoke(revoked)
})

afterAll(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await pki.remove()
})

test('a Worker', async () => {
  const variables = {}
  const entry = 'examples/worker/worker.ts'
  const runtime = await startRuntime([{ name: 'greeter', entry, variables }])
  const device = await runtime.pki.issue('car-1', [-dayMs, dayMs])
  const greeted = await runtime.fetch('greeter', { cf: cfOf(...chainOf(device)) })
  expect([greeted.status, await greeted.text()]).toEqual([200, 'Hello, CN=car-1,O=Sallyport Fleet'])
  expect((await runtime.fetch('greeter', { cf: cfOf() })).status).toBe(401)
  await runtime.close()
})

test('a Lambda handler behind ALB', async () => {
  const prefix = 'x-q7c2nn8d0s1k5hzt-'
  vi.stubEnv('ALB_HEADER_PREFIX', prefix)
  vi.stubEnv('TRUST_DIR', pki.directory)
  const { handler } = await import('../../examples/lambda/handler.ts')
  const invoke = (credential: DeviceCredential, begins: string) => {
    const lines = writeAlbPassthrough(chainOf(credential))
    const named = lines.map(([name, value]) => [name.replace(/^x-amzn-/i, begins), [value]])
    return handler({
      requestContext: {
        elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:x:1:targetgroup/a/b' },
      },
      httpMethod: 'GET',
      path: '/hello',
      multiValueHeaders: { host: ['edge.example'], ...Object.fromEntries(named) },
    })
  }
  const greeted = await invoke(car, prefix)
  expect([greeted.statusCode, greeted.body]).toEqual([200, 'Hello, CN=car-1,O=Sallyport Fleet'])
  expect((await invoke(revoked, prefix)).statusCode).toBe(403)
  expect((await invoke(car, 'x-amzn-')).statusCode).toBe(401)
})

test('a Node server', async () => {
  await pki.put('server.crt', toUtf8(pki.server.certPem))
  await pki.put('server.key', toUtf8(pki.server.keyPem))
  vi.stubEnv('CERT', `${pki.directory}/server.crt`)
  vi.stubEnv('KEY', `${pki.directory}/server.key`)
  vi.stubEnv('TRUST', pki.directory)
  vi.stubEnv('PORT', '0')
  const { server } = await import('../../examples/node/server.ts')
  const statusOf = async (credential: DeviceCredential): Promise<number> => {
    const connection = await connected(deviceOptions(pki, server, credential))
    const { status } = await answered(connection)
    await connection.close()
    return status
  }
  expect([await statusOf(car), await statusOf(revoked)]).toEqual([200, 403])
  await server.close(0)
})

test('a Hono app of their own', async () => {
  const secret = 's'.repeat(32)
  vi.stubEnv('TRUST', pki.directory)
  vi.stubEnv('HOP_SECRET', secret)
  const { app } = await import('../../examples/hono/app.ts')
  const ask = (path: string, { chainPem }: DeviceCredential, hop: string) => {
    const [leaf = ''] = chainPem.split(/(?<=-----END CERTIFICATE-----\n)/)
    const headers = { 'x-ssl-client-cert': encodeURIComponent(leaf), 'x-sallyport-hop': hop }
    return app.request(path, { headers })
  }
  const me = await ask('/devices/me', car, secret)
  expect(await me.json()).toMatchObject({ subject: 'CN=car-1,O=Sallyport Fleet' })
  expect((await ask('/devices/me', revoked, secret)).status).toBe(403)
  expect((await ask('/devices/me', car, '')).status).toBe(421)
  expect((await app.request('/health')).status).toBe(200)
})
