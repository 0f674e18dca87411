import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { S3 } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { directoryTrustFiles } from '#edge/trust-stores/directory-trust-files.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { instantFromMs } from '#shared/time.ts'
import { writeAlbPassthrough } from '#shared/wire/alb.ts'
import { encodePem } from '#shared/wire/pem.ts'
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
import packageJson from '../../package.json' with { type: 'json' }
import { createCa, newRequest } from '../interop/est/devices.ts'
import { startNodeEdge } from '../interop/est/node-edge.ts'
import { hasSwift, startSwift } from '../interop/s3/swift.ts'
import { createUser, type User } from '../package/user.ts'
import type * as JustInTime from '../../examples/aws-iot/just-in-time.ts'
import type * as PreAuthentication from '../../examples/aws-iot/pre-authentication.ts'
import type * as PreProvisioning from '../../examples/aws-iot/pre-provisioning.ts'
import type * as Ocpp from '../../examples/ocpp/sign-certificate.ts'
import type * as Own from '../../examples/hono/app.ts'
import type * as Authorizer from '../../examples/lambda-authorizer/authorizer.ts'
import type * as Lambda from '../../examples/lambda/handler.ts'
import type * as Node from '../../examples/node/server.ts'

/** Whoever copies an example: outside the project, with the packed package installed. */
let user: User
let pki: DirectoryPki
let car: DeviceCredential
let revoked: DeviceCredential

// A Worker is bundled and workerd started; a loaded machine takes its time for that.
vi.setConfig({ testTimeout: 60_000 })

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  pki = await createDirectoryPki(Date.now())
  car = await pki.issue('car-1')
  revoked = await pki.issue('car-2')
  await pki.revoke(revoked)
  user = await createUser()
  await user.install(...Object.keys(packageJson.dependencies), 'hono', '@aws-sdk/client-s3')
  await user.copy('examples')
}, 300_000)

afterAll(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await pki.remove()
  await user.remove()
})

/** What an example exports. */
async function imported(path: string): Promise<Record<string, unknown>> {
  return import(/* @vite-ignore */ pathToFileURL(join(user.directory, 'examples', path)).href)
}

test('a Worker', async () => {
  const variables = {}
  const entry = join(user.directory, 'examples/worker/worker.ts')
  const runtime = await startRuntime([{ name: 'greeter', entry, variables }])
  const device = await runtime.pki.issue('car-1', [-dayMs, dayMs])
  const greeted = await runtime.fetch('greeter', { cf: cfOf(...chainOf(device)) })
  expect([greeted.status, await greeted.text()]).toEqual([200, 'Hello, CN=car-1,O=Sallyport Fleet'])
  expect((await runtime.fetch('greeter', { cf: cfOf() })).status).toBe(401)
  await runtime.close()
})

const albPrefix = 'x-q7c2nn8d0s1k5hzt-'

/** ALB's event of a device's request, its headers renamed. */
function albEvent(credential: DeviceCredential, begins: string) {
  const lines = writeAlbPassthrough(chainOf(credential))
  const named = lines.map(([name, value]) => [name.replace(/^x-amzn-/i, begins), [value]])
  return {
    requestContext: {
      elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:x:1:targetgroup/a/b' },
    },
    httpMethod: 'GET',
    path: '/hello',
    multiValueHeaders: { host: ['edge.example'], ...Object.fromEntries(named) },
  }
}

/** What it says to a device, and its answers to a revoked one and to one whose headers a client wrote. */
async function greetingsOf({ handler }: typeof Lambda): Promise<readonly unknown[]> {
  const greeted = await handler(albEvent(car, albPrefix))
  const { statusCode } = await handler(albEvent(revoked, albPrefix))
  const forged = await handler(albEvent(car, 'x-amzn-'))
  return [greeted.body, statusCode, forged.statusCode]
}

const greetings = ['Hello, CN=car-1,O=Sallyport Fleet', 403, 401]

test('a Lambda handler behind ALB', async () => {
  vi.stubEnv('ALB_HEADER_PREFIX', albPrefix)
  vi.stubEnv('TRUST_DIR', pki.directory)
  const example = (await imported('lambda/handler.ts')) as typeof Lambda
  expect(await greetingsOf(example)).toEqual(greetings)
})

test.skipIf(!hasSwift)('a Lambda handler with its trust store in S3', async () => {
  const service = await startSwift()
  const Bucket = 'fleet-trust'
  vi.stubEnv('ALB_HEADER_PREFIX', albPrefix)
  vi.stubEnv('TRUST_BUCKET', Bucket)
  vi.stubEnv('AWS_ENDPOINT_URL_S3', service.endpoint)
  vi.stubEnv('AWS_REGION', service.region)
  vi.stubEnv('AWS_ACCESS_KEY_ID', service.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', service.secretAccessKey)
  const s3 = new S3()
  await s3.createBucket({ Bucket })
  for (const { name } of await directoryTrustFiles(pki.directory).list()) {
    const Body = await readFile(join(pki.directory, name))
    await s3.putObject({ Bucket, Key: `trust-stores/default/${name}`, Body })
  }
  const example = (await imported('lambda-s3/handler.ts')) as typeof Lambda
  expect(await greetingsOf(example)).toEqual(greetings)
  s3.destroy()
  await service.stop()
})

test('a Node server', async () => {
  await pki.put('server.crt', toUtf8(pki.server.certPem))
  await pki.put('server.key', toUtf8(pki.server.keyPem))
  vi.stubEnv('CERT', `${pki.directory}/server.crt`)
  vi.stubEnv('KEY', `${pki.directory}/server.key`)
  vi.stubEnv('TRUST', pki.directory)
  vi.stubEnv('PORT', '0')
  const { server } = (await imported('node/server.ts')) as typeof Node
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
  const { app } = (await imported('hono/app.ts')) as typeof Own
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

test('a Lambda authorizer of an API Gateway', async () => {
  vi.stubEnv('TRUST_DIR', pki.directory)
  const { handler } = (await imported('lambda-authorizer/authorizer.ts')) as typeof Authorizer
  const ask = ({ chainPem }: DeviceCredential) =>
    handler({
      routeArn: 'arn:aws:execute-api:x:1:a/test/GET/hello',
      headers: { host: 'device.example' },
      requestContext: { authentication: { clientCert: { clientCertPem: chainPem } } },
    })
  expect(await ask(car)).toMatchObject({ isAuthorized: true })
  expect(await ask(revoked)).toEqual({ isAuthorized: false, context: { code: 'revoked' } })
})

/** What AWS IoT's own API is asked, and answers. */
async function startIot(certificatePem: string) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    request.resume()
    const certificateDescription = { certificatePem, certificateArn: 'arn:aws:iot:x:1:cert/a' }
    response.end(JSON.stringify(request.method === 'GET' ? { certificateDescription } : {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { asked, url: `http://127.0.0.1:${port}`, close: () => void server.close() }
}

const pems = ({ chainPem }: DeviceCredential) => chainPem.split(/(?<=-----END CERTIFICATE-----\n)/)

describe('AWS IoT Core', () => {
  test('custom client certificate validation', async () => {
    vi.stubEnv('TRUST_DIR', pki.directory)
    const { handler } = (await imported(
      'aws-iot/pre-authentication.ts',
    )) as typeof PreAuthentication
    const ask = (...clientCertificateChain: string[]) =>
      handler({ principalId: 'a', serverName: 'edge.example', clientCertificateChain })
    expect(await ask(...pems(car))).toEqual({ isAuthenticated: true })
    expect(await ask(...pems(revoked))).toEqual({ isAuthenticated: false })
    expect(await ask()).toEqual({ isAuthenticated: false })
    expect(await ask('no PEM')).toEqual({ isAuthenticated: false })
  })

  test('a pre-provisioning hook', async () => {
    const statuses: Readonly<Record<string, object>> = {
      'car-1': { status: 'active' },
      'car-2': { status: 'pending' },
      'car-3': { status: 'suspended' },
      'car-4': { status: 'active', suspendedClass: 'recalled' },
    }
    const registry = createServer((request, response) => {
      const device = statuses[request.url?.split('/').at(-1) ?? '']
      const isAllowed = request.headers.authorization === 'Bearer secret'
      response.statusCode = isAllowed ? (device === undefined ? 404 : 200) : 401
      response.end(JSON.stringify(device ?? {}))
    })
    registry.listen(0, '127.0.0.1')
    await once(registry, 'listening')
    const { port } = registry.address() as AddressInfo
    vi.stubEnv('REGISTRY_URL', `http://127.0.0.1:${port}/`)
    vi.stubEnv('REGISTRY_TOKEN', 'secret')
    const { handler } = (await imported('aws-iot/pre-provisioning.ts')) as typeof PreProvisioning
    const ask = async (parameters: Readonly<Record<string, string>>) => {
      const ids = { claimCertificateId: 'a', certificateId: 'b', certificatePem: 'c' }
      const event = { ...ids, templateArn: 'd', clientId: 'e', parameters }
      return (await handler(event)).allowProvisioning
    }
    const names = ['car-1', 'car-2', 'car-3', 'car-4', 'car-5']
    const said = await Promise.all(names.map((SerialNumber) => ask({ SerialNumber })))
    expect(said).toEqual([true, true, false, false, false])
    expect(await ask({})).toBe(false)
    vi.stubEnv('REGISTRY_TOKEN', 'guess')
    await expect(ask({ SerialNumber: 'car-1' })).rejects.toThrow('the registry answers 401')
    registry.close()
  })

  test('just-in-time registration', async () => {
    vi.stubEnv('TRUST_DIR', pki.directory)
    const event = { certificateId: 'a1', certificateStatus: 'PENDING_ACTIVATION' }
    const became = async ({ chainPem }: DeviceCredential) => {
      const iot = await startIot(chainPem)
      vi.stubEnv('IOT_ENDPOINT', iot.url)
      const { handler } = (await imported('aws-iot/just-in-time.ts')) as typeof JustInTime
      const word = await handler(event)
      iot.close()
      return { word, asked: iot.asked }
    }
    expect(await became(car)).toEqual({
      word: 'activated',
      asked: [
        'GET /certificates/a1',
        'PUT /target-policies/fleet',
        'PUT /certificates/a1?newStatus=ACTIVE',
      ],
    })
    expect(await became(revoked)).toEqual({
      word: 'revoked',
      asked: ['GET /certificates/a1', 'PUT /certificates/a1?newStatus=REVOKED'],
    })
  })
})

test('an OCPP management system has a charging station’s certificate signed', async () => {
  const ca = await createCa('Charging CA', instantFromMs(Date.now()))
  const edge = await startNodeEdge({
    anchors: ca.pem,
    variables: {
      PLATFORM: 'nginx',
      HOP: 'network',
      CERT_HEADER: 'x-client-cert',
      ENROLLMENT: JSON.stringify({
        cas: { charging: { kind: 'key', certificates: ca.pem } },
        labels: { ocpp: { ca: 'charging', profile: 'ocpp-cs' } },
      }),
      ENROLLMENT_KEYS: JSON.stringify({ charging: ca.pkcs8 }),
    },
  })
  const claim = { quota: 1, classes: [], approval: 'automatic', forMs: dayMs } as const
  const made = await edge.registry.makeClaim({ ...claim, device: 'CS-1' }, 'a test')
  const token = made.ok ? (made.value.token ?? '') : ''
  vi.stubEnv('EST_URL', `http://127.0.0.1:${edge.port}/.well-known/est/ocpp`)
  const { signCertificate } = (await imported('ocpp/sign-certificate.ts')) as typeof Ocpp
  const csr = encodePem('CERTIFICATE REQUEST', await newRequest({ subject: 'CN=CS-1,O=Operator' }))
  const signed = await signCertificate({ csr }, 'CS-1', token)
  expect(signed).toMatchObject({
    kind: 'signed',
    request: { certificateChain: expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n/) },
  })
  const stranger = await signCertificate({ csr }, 'CS-2', token)
  expect(stranger).toMatchObject({ kind: 'refused', because: expect.stringContaining('csr.id') })
  await edge.close()
})

const colons = (serial: string) => (serial.match(/../g) ?? []).join(':').toLowerCase()

describe('a CloudFront connection function', () => {
  interface Called {
    readonly deed: string
    readonly logged: string
  }
  type ConnectionFunction = (connection: object) => unknown

  /** CloudFront calls the function by its name, and brings the module `cloudfront`. */
  async function functionOver(data: unknown, now: number): Promise<ConnectionFunction> {
    const text = await readFile(
      join(user.directory, 'examples/cloudfront/connection-function.js'),
      'utf8',
    )
    const module = `data:text/javascript,${encodeURIComponent(`
      const entries = new Map(${JSON.stringify(data)}.map(({ key, value }) => [key, value]))
      const cf = { kvs: () => ({
        async exists(key) { return entries.has(key) },
        async get(key) { if (entries.has(key)) return entries.get(key); throw new Error('KeyNotFound') },
      }) }
      const Date = { now: () => ${now} }
      ${text.replace("import cf from 'cloudfront'", '')}
      export { connectionHandler }`)}`
    const { connectionHandler } = (await import(/* @vite-ignore */ module)) as {
      connectionHandler: ConnectionFunction
    }
    return connectionHandler
  }

  /** The event as CloudFront's documentation has it ("Connection Function code structure"). */
  async function called(handler: ConnectionFunction, serialNumber?: string): Promise<Called> {
    const deeds: string[] = []
    let logged = ''
    const leaf = {
      serialNumber,
      issuer: 'CN=Example Corp Intermediate CA,O=Example Corp,C=US',
      subject: 'CN=client.example.com,O=Example Corp,C=US',
      validity: { notBefore: '2023-01-15T10:30:00Z', notAfter: '2024-01-15T10:30:00Z' },
      sha256Fingerprint: 'abc123def456',
    }
    await handler({
      connectionId: 'Fdb-Eb7L9gVn2cFakz7wWyBJIDAD4-oNO6g8r3vXDV132BtnIVtqDA==',
      clientIp: '203.0.113.42',
      ...(serialNumber !== undefined && { clientCertificate: { certificates: { leaf } } }),
      allow: () => deeds.push('allow'),
      deny: () => deeds.push('deny'),
      logCustomData: (text: string) => void (logged = text),
    })
    return { deed: deeds.join(), logged }
  }

  test('refuses what the lists revoke, and everybody once they are stale', async () => {
    const lists = join(pki.directory, 'crl')
    const paths = (await readdir(lists)).map((name) => join(lists, name))
    const printed = await user.node(['examples/cloudfront/revoked-keys.ts', ...paths])
    expect(printed.stderr).toBe('')
    const { data } = JSON.parse(printed.stdout) as { data: { key: string; value: string }[] }
    const until = Number(data.find(({ key }) => key === 'until')?.value)
    const fresh = await functionOver(data, until)
    expect(await called(fresh, colons(car.serial))).toEqual({ deed: 'allow', logged: '' })
    for (const spelt of [colons(revoked.serial), `00:${colons(revoked.serial)}`]) {
      expect(await called(fresh, spelt)).toEqual({
        deed: 'deny',
        logged: `revoked:${revoked.serial}`,
      })
    }
    expect(await called(fresh)).toEqual({ deed: 'deny', logged: 'no_certificate:-' })
    expect(await called(fresh, 'nothing')).toMatchObject({ deed: 'deny' })
    const stale = await functionOver(data, until + 1)
    expect((await called(stale, colons(car.serial))).logged).toContain('revocation_unknown')
    const empty = await functionOver([], 0)
    expect((await called(empty, colons(car.serial))).logged).toContain('revocation_unknown')
  })
})
