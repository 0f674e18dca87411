import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { request } from 'undici'
import { WebSocketServer } from 'ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeAlbPassthrough } from '#shared/wire/alb.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf, dayMs } from './given.ts'
import { startRuntime, type Runtime } from './stage.ts'

let target: http.Server
let runtime: Runtime
let car: DeviceCredential

/** Port 9 (discard): nothing listens there on loopback. */
const nobody = 'http://127.0.0.1:9'

const forward = (name: string) => [{ Type: 'forward', TargetGroupArn: name }]
const byPath = (priority: number, path: string, group: string) => ({
  Priority: priority,
  Conditions: [{ Field: 'path-pattern', Values: [path] }],
  Actions: forward(group),
})

async function startTarget(): Promise<http.Server> {
  const server = http.createServer((incoming, outgoing) => {
    if (incoming.url === '/silent') return
    const [, status] = /^\/status\/(\d+)$/.exec(incoming.url ?? '') ?? []
    outgoing.statusCode = Number(status ?? 200)
    outgoing.setHeader('x-seen', JSON.stringify(incoming.headers))
    incoming.pipe(outgoing)
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, incoming) => {
    socket.send(String(incoming.headers['x-amzn-mtls-clientcert-subject']))
    socket.on('message', (octets, isBinary) => socket.send(octets, { binary: isBinary }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

beforeAll(async () => {
  target = await startTarget()
  const { port } = target.address() as AddressInfo
  const groups = {
    url: { targets: [`http://127.0.0.1:${port}`] },
    service: { targets: ['binding:ECHO'] },
    nobody: { targets: [nobody] },
    empty: { targets: [] },
  }
  const rules = [
    byPath(1, '/service/*', 'service'),
    byPath(2, '/nobody', 'nobody'),
    byPath(3, '/empty', 'empty'),
    { Priority: 'default', Actions: forward('url') },
  ]
  const variables = { TARGET_GROUPS: JSON.stringify(groups), ROUTES: JSON.stringify(rules) }
  const production = { entry: 'edge/worker.ts', services: { ECHO: 'echo' } } as const
  const ofAlb = { PLATFORM: 'alb', ALB_MODE: 'passthrough', HOP: 'network' }
  runtime = await startRuntime([
    { ...production, name: 'routed', variables },
    { ...production, name: 'hasty', variables: { ...variables, TARGET_TIMEOUT: '250ms' } },
    { ...production, name: 'streams', variables: { ...variables, ...ofAlb } },
    { ...production, name: 'missing', variables, services: {} },
    { ...production, name: 'twice', variables, target: 'echo' },
  ])
  car = await runtime.pki.issue('car-1', [-dayMs, dayMs])
}, 30_000)

afterAll(async () => {
  await runtime.close()
  target.closeAllConnections()
  target.close()
})

const cf = () => cfOf(...chainOf(car))

describe('targets of the worker in workerd', () => {
  test('a URL: its own name as Host, and who asked beside it', async () => {
    const headers = { 'cf-connecting-ip': '192.0.2.1', 'x-forwarded-for': '6.6.6.6' }
    const response = await runtime.fetch('routed', { cf: cf(), headers, path: '/a', body: 'kWh' })
    const seen = JSON.parse(response.headers.get('x-seen') ?? '') as Record<string, string>
    expect(await response.text()).toBe('kWh')
    expect(seen['host']).toMatch(/^127\.0\.0\.1:/)
    expect(seen).toMatchObject({
      'x-forwarded-for': expect.stringMatching(/^6\.6\.6\.6, ?/) as string,
      'x-forwarded-host': 'routed.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': '80',
      'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/) as string,
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/) as string,
    })
  })

  test.each([500, 502, 503, 504])("a target's own %s is its answer", async (status) => {
    const response = await runtime.fetch('routed', { cf: cf(), path: `/status/${status}` })
    expect([response.status, await response.text()]).toEqual([status, ''])
  })

  test('a service binding: under the address of the request', async () => {
    const response = await runtime.fetch('routed', { cf: cf(), path: '/service/a?b' })
    expect(await response.json()).toMatchObject({ url: 'http://routed.example/service/a?b' })
  })

  test.each([
    ['routed', '/nobody', 502, 'target_unreachable'],
    ['routed', '/empty', 503, 'target_unavailable'],
    ['hasty', '/silent', 504, 'target_timeout'],
    ['routed', '/status/521', 502, 'target_unreachable'],
    ['routed', '/status/524', 504, 'target_timeout'],
  ])('%s: %s: %s %s', async (name, path, status, code) => {
    const response = await runtime.fetch(name, { cf: cf(), path })
    expect([response.status, await response.json()]).toEqual([
      status,
      expect.objectContaining({ code }),
    ])
  })

  test.each([
    ['missing', 'a service binding ECHO in wrangler.toml'],
    ['twice', 'none beside TARGET or TARGET_URL'],
  ])('%s: nobody comes in, and the log says why', async (name, because) => {
    runtime.takeLogs()
    expect((await runtime.fetch(name, { cf: cf() })).status).toBe(500)
    expect(runtime.takeLogs().join('\n')).toContain(because)
  })

  test('a WebSocket goes through, with the certificate told', async () => {
    const headers = { upgrade: 'websocket' }
    const { status, webSocket } = await runtime.fetch('routed', { cf: cf(), headers, path: '/ws' })
    expect(status).toBe(101)
    const messages: unknown[] = []
    const { promise: echoed, resolve } = Promise.withResolvers<void>()
    webSocket?.addEventListener('message', ({ data }) => {
      messages.push(data)
      if (messages.length === 2) resolve()
    })
    webSocket?.accept()
    webSocket?.send('kWh')
    await echoed
    webSocket?.close(1000)
    expect(messages).toEqual(['CN=car-1,O=Sallyport Fleet', 'kWh'])
  })

  test('a WebSocket without a certificate does not', async () => {
    const headers = { upgrade: 'websocket' }
    const { status } = await runtime.fetch('routed', { cf: cfOf(), headers, path: '/ws' })
    expect(status).toBe(401)
  })
})

/** Octets of a body, and in how many parts it is sent. */
const chunk = randomBytes(1024 * 1024)
const chunkCount = 50

test('50 MB stream both ways: the answer begins when the first part is there', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  async function* parts() {
    yield chunk
    // Were the body held anywhere, nothing would come back, and this would wait for ever.
    await begun
    for (let index = 1; index < chunkCount; index += 1) yield chunk
  }
  const { statusCode, body } = await request(new URL('/a', runtime.url), {
    method: 'POST',
    headers: {
      ...Object.fromEntries(writeAlbPassthrough(chainOf(car))),
      host: 'streams.example',
    },
    body: Readable.from(parts()),
  })
  expect(statusCode).toBe(200)
  const received = createHash('sha256')
  let octets = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    begin()
    received.update(part)
    octets += part.byteLength
  }
  const sent = createHash('sha256')
  for (let index = 0; index < chunkCount; index += 1) sent.update(chunk)
  expect([octets, received.digest('hex')]).toEqual([
    chunkCount * chunk.byteLength,
    sent.digest('hex'),
  ])
}, 60_000)
