import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { err } from '#shared/result.ts'
import { shift } from '#shared/time.ts'
import type { Front } from '#simulator/front/front.ts'
import { cloudflareProfile } from '#simulator/front/profiles/cloudflare.ts'
import { connect } from '#simulator/engine/client/device-connection.ts'
import { openWebSocket } from '#simulator/engine/client/websocket.ts'
import { createTestWorld, serverName, type TestWorld } from '../credentials.ts'
import { localFacts, startEcho, type EchoedRequest, type EchoUpstream } from './echo-upstream.ts'
import {
  answered,
  clock,
  connected,
  credentialOf,
  echoOf,
  localKey,
  now,
  startTestFront,
  tlsOptions,
  valueOf,
  valuesOf,
} from './stage.ts'

let world: TestWorld
let echo: EchoUpstream
let front: Front

beforeAll(async () => {
  world = await createTestWorld()
  echo = await startEcho()
  front = await startTestFront(world, echo.url, cloudflareProfile)
})

afterAll(async () => {
  await front.close()
  await echo.close()
})

const base64 = (der: Uint8Array) => `:${Buffer.from(der).toString('base64')}:`

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  '%s: a device gets through, with its chain',
  async (version) => {
    const before = front.handshakes()
    const options = tlsOptions(world, front.port, { minVersion: version, maxVersion: version })
    const { local } = await echoOf(options, { path: '/telemetry?id=1' })
    expect(local).toMatchObject({ key: localKey, now, cf: { tlsVersion: version } })
    expect(local.cf.tlsClientAuth).toMatchObject({
      certPresented: '1',
      certRFC9440: base64(world.device.der),
      certChainRFC9440: base64(world.issuing.der),
    })
    expect(front.handshakes() - before).toBe(1)
  },
)

test('the chain is handed over as sent: in order, distractors and repeats included', async () => {
  const { device, unrelated, issuing, root } = world
  const credential = credentialOf(device, unrelated, issuing, root, issuing)
  const { local } = await echoOf(tlsOptions(world, front.port, { credential }))
  expect(local.cf.tlsClientAuth?.['certChainRFC9440']).toBe(
    [unrelated, issuing, root, issuing].map((one) => base64(one.der)).join(', '),
  )
})

test('method, path, body, header order and repeated headers arrive as sent', async () => {
  const body = 'x'.repeat(100_000)
  const seen = await echoOf(tlsOptions(world, front.port), {
    method: 'PUT',
    path: '/a/b?c=%20d',
    headers: { 'X-One': ['1', '2'], 'content-type': 'text/plain' },
    body,
  })
  expect(seen).toMatchObject({ method: 'PUT', url: '/a/b?c=%20d', body })
  expect(valuesOf(seen, 'x-one')).toEqual(['1', '2'])
  expect(valuesOf(seen, 'host')).toEqual([`${serverName}:${front.port}`])
})

const reserved = [
  'x-sallyport-local',
  'X-Sallyport-Local',
  'X_SALLYPORT_LOCAL',
  'x-sallyport_local',
  'x.sallyport.local',
  'MF-CF-Blob',
  'mf-original-url',
  'mf_cf_blob',
  'Mf_Route-Override',
  'MF.CF.BLOB',
]

test.each(reserved)('a client copy of %s is dropped', async (name) => {
  const seen = await echoOf(tlsOptions(world, front.port), {
    headers: { [name]: 'forged', 'x-kept': '1' },
  })
  expect(JSON.stringify(seen.lines)).not.toContain('forged')
  expect(valuesOf(seen, 'x-sallyport-local')).toHaveLength(1)
  expect(seen.local.key).toBe(localKey)
  expect(valuesOf(seen, 'x-kept')).toEqual(['1'])
})

test('a header that is only alike passes', async () => {
  const seen = await echoOf(tlsOptions(world, front.port), {
    headers: { 'x-sallyport-locale': 'de', 'x-mf-1': '1' },
  })
  expect(valuesOf(seen, 'x-sallyport-locale')).toEqual(['de'])
  expect(valuesOf(seen, 'x-mf-1')).toEqual(['1'])
})

test('requests of one connection share its handshake', async () => {
  const before = front.handshakes()
  const connection = await connected(tlsOptions(world, front.port))
  for (let index = 0; index < 3; index += 1) expect((await answered(connection)).status).toBe(200)
  expect(connection.answered()).toBe(3)
  expect(front.handshakes() - before).toBe(1)
  await connection.close()
})

test('the judge is asked once per connection, with the chain and the virtual time', async () => {
  const asked: unknown[] = []
  const judged = await startTestFront(world, echo.url, cloudflareProfile, {
    judge: async (chain, at) => {
      asked.push([chain.map((der) => der.length), at])
      return { kind: 'success' }
    },
  })
  const connection = await connected(tlsOptions(world, judged.port))
  await answered(connection)
  await answered(connection)
  expect(asked).toEqual([[[world.device.der.length, world.issuing.der.length], now]])
  await connection.close()
  await judged.close()
})

test('a judge that fails is no decision: 502 in the name of the front', async () => {
  const broken = await startTestFront(world, echo.url, cloudflareProfile, {
    judge: () => Promise.reject(new Error('no trust store')),
  })
  const connection = await connected(tlsOptions(world, broken.port))
  expect(await answered(connection)).toMatchObject({
    status: 502,
    headers: { 'x-sallyport-front': 'judge-failed' },
    body: 'Error: no trust store\n',
  })
  await connection.close()
  await broken.close()
})

test('a dead upstream is answered for at once, and by name', async () => {
  const orphan = await startTestFront(
    world,
    `http://127.0.0.1:${await freePort()}`,
    cloudflareProfile,
  )
  const connection = await connected(tlsOptions(world, orphan.port))
  const request = { method: 'POST', body: 'lost' }
  expect(await answered(connection, request)).toMatchObject({
    status: 502,
    headers: { 'x-sallyport-front': 'upstream-unreachable' },
  })
  await connection.close()
  await orphan.close()
})

test('a wrapped profile can sabotage the chain', async () => {
  const leafOnly = await startTestFront(world, echo.url, {
    ...cloudflareProfile,
    connectionFacts: (connection) =>
      cloudflareProfile.connectionFacts({ ...connection, chain: connection.chain.slice(0, 1) }),
  })
  const { local } = await echoOf(tlsOptions(world, leafOnly.port))
  expect(local.cf.tlsClientAuth).toMatchObject({ certPresented: '1', certChainRFC9440: '' })
  await leafOnly.close()
})

test('a port in use is named, with what to do', async () => {
  const port = front.port
  await expect(startTestFront(world, echo.url, cloudflareProfile, { port })).rejects.toThrow(
    `port ${port} on 127.0.0.1 is in use: stop the program that listens there, or choose another port`,
  )
})

test('close ends open connections and frees the port', async () => {
  const other = await startTestFront(world, echo.url, cloudflareProfile)
  const connection = await connected(tlsOptions(world, other.port))
  await answered(connection)
  await other.close()
  expect(await connection.request({ method: 'GET', path: '/' })).toMatchObject({
    ok: false,
    error: { kind: 'connection_closed', answered: 1 },
  })
  expect(await connect(tlsOptions(world, other.port))).toMatchObject({
    ok: false,
    error: { kind: 'unreachable' },
  })
})

test('a client that goes away while its answer is under way costs the others nothing', async () => {
  const connection = await connected(tlsOptions(world, front.port))
  const lost = connection.request({ method: 'GET', path: '/' })
  await connection.close()
  expect((await lost).ok).toBe(false)
  expect((await echoOf(tlsOptions(world, front.port))).method).toBe('GET')
})

test('a WebSocket upgrade is piped, with the facts and without forged ones', async () => {
  const { webSocket } = valueOf(
    await openWebSocket({
      ...tlsOptions(world, front.port),
      path: '/mqtt',
      subProtocol: 'mqtt',
      headers: { MF_CF_Blob: 'forged', 'x-device': 'meter' },
    }),
  )
  webSocket.resume()
  const [greeting] = (await once(webSocket, 'message')) as [Buffer]
  const headers = JSON.parse(String(greeting)) as Record<string, string>
  expect(webSocket.protocol).toBe('mqtt')
  expect(JSON.stringify(headers)).not.toContain('forged')
  expect(headers['x-device']).toBe('meter')
  expect(localFacts(headers['x-sallyport-local'] ?? '').cf.tlsClientAuth?.['certPresented']).toBe(
    '1',
  )
  webSocket.send('ping')
  expect(String((await once(webSocket, 'message'))[0])).toBe('ping')
  webSocket.close()
  await once(webSocket, 'close')
})

test('before a message on an open WebSocket goes on, the worker is told the time, once an instant', async () => {
  let at = now
  const moving = await startTestFront(world, echo.url, cloudflareProfile, {
    clock: { now: () => at },
  })
  const options = tlsOptions(world, moving.port)
  const { webSocket } = valueOf(
    await openWebSocket({ ...options, path: '/mqtt', subProtocol: 'mqtt' }),
  )
  webSocket.resume()
  await once(webSocket, 'message')
  const told: number[] = []
  for (const later of [0, 0, 1000]) {
    at = shift(now, later)
    const before = echo.requests()
    webSocket.send('ping')
    await once(webSocket, 'message')
    told.push(echo.requests() - before)
  }
  expect(told).toEqual([1, 0, 1])
  webSocket.close()
  await once(webSocket, 'close')
  await moving.close()
})

test('an upgrade that the worker refuses comes back as its answer', async () => {
  const refused = await openWebSocket({
    ...tlsOptions(world, front.port),
    path: '/refused',
    subProtocol: 'mqtt',
  })
  expect(refused).toEqual(err({ kind: 'refused', code: 'expired', by: { status: 403 } }))
})

test('an upgrade to a dead upstream is no decision', async () => {
  const orphan = await startTestFront(
    world,
    `http://127.0.0.1:${await freePort()}`,
    cloudflareProfile,
  )
  const options = { ...tlsOptions(world, orphan.port), path: '/mqtt', subProtocol: 'mqtt' }
  const detail = 'upgrade answered with 502 upstream-unreachable'
  expect(await openWebSocket(options)).toEqual(err({ kind: 'protocol_error', detail }))
  await orphan.close()
})

test('an upgrade to anything but a WebSocket is an ordinary request', async () => {
  const { certPem: cert, keyPem: key } = world.device
  const headers = { connection: 'Upgrade, X-Hop', upgrade: 'h2c', 'x-hop': 'of this hop' }
  const options = {
    port: front.port,
    ca: world.root.certPem,
    servername: serverName,
    cert,
    key,
    headers,
  }
  const request = https.get({ host: '127.0.0.1', agent: false, ...options })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const seen = (await json(response)) as EchoedRequest
  expect(valuesOf(seen, 'upgrade')).toEqual([])
  expect(valuesOf(seen, 'x-hop')).toEqual([])
})

test('the clock of the control header is the virtual one, read at each request', async () => {
  let at = clock.now()
  const moving = await startTestFront(world, echo.url, cloudflareProfile, {
    clock: { now: () => at },
  })
  const connection = await connected(tlsOptions(world, moving.port))
  await answered(connection)
  at = (at + 86_400_000) as typeof at
  expect((await answered(connection)).body).toMatchObject({ local: { now: now + 86_400_000 } })
  await connection.close()
  await moving.close()
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
