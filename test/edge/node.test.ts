import { once } from 'node:events'
import http from 'node:http'
import { connect as connectTcp } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startNodeServer, type NodeServerLimits } from '#edge/node.ts'
import { connect, type DeviceResponse } from '#simulator/engine/client/device-connection.ts'
import { openTls } from '#simulator/engine/client/tls-connection.ts'
import { shift } from '#shared/time.ts'
import { dayMs, keyRing } from '../runtime/given.ts'
import {
  answered,
  connected,
  createDirectoryPki,
  deviceOptions,
  valueOf,
  type DirectoryPki,
} from '../runtime/directory-pki.ts'
import { startNodeStage, type NodeStage, type NodeStageOptions } from './node/stage.ts'
import { start } from './stage.ts'

let pki: DirectoryPki
let stage: NodeStage | undefined

beforeAll(async () => {
  pki = await createDirectoryPki(start)
})
afterAll(() => pki.remove())
afterEach(async () => {
  await stage?.close()
  stage = undefined
})

async function startStage(options: NodeStageOptions = {}): Promise<NodeStage> {
  stage = await startNodeStage(pki, options)
  return stage
}

type Credential = Parameters<typeof deviceOptions>[2]

/** One request on a connection of its own. */
async function ask(on: NodeStage, credential?: Credential): Promise<DeviceResponse> {
  const connection = await connected(deviceOptions(pki, on.server, credential))
  const response = await answered(connection)
  await connection.close()
  return response
}

const codeOf = ({ body }: DeviceResponse): unknown => (body as { code?: unknown }).code

describe('over real mutual TLS', () => {
  test('a good certificate is let in, by name', async () => {
    const device = await pki.issue('car-good')
    const response = await ask(await startStage(), device)
    expect(response.status).toBe(200)
    expect(JSON.stringify(response.body)).toContain('car-good')
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: none is refused by name', async (version) => {
    const on = await startStage()
    const options = { ...deviceOptions(pki, on.server), minVersion: version, maxVersion: version }
    const connection = await connected(options)
    const response = await answered(connection)
    expect([response.status, codeOf(response)]).toEqual([401, 'no_certificate'])
    await connection.close()
  })

  test('no certificate, but a header that pretends one', async () => {
    const connection = await connected(deviceOptions(pki, (await startStage()).server))
    const headers = { 'x-amzn-mtls-clientcert': 'x', 'client-cert': ':eA==:' }
    expect(codeOf(await answered(connection, { headers }))).toBe('header_forged')
    await connection.close()
  })

  test('a forged chain is not trusted', async () => {
    const { serial } = await pki.issue('car-imitated')
    const validity = { notBefore: start, notAfter: shift(start, dayMs) }
    const imitated = { device: 'car-imitated', kind: 'car', serial, ...validity }
    const forged = await pki.authority.forge(imitated)
    const response = await ask(await startStage(), forged)
    expect(response.status).toBe(403)
    expect(['untrusted', 'signature_invalid']).toContain(codeOf(response))
  })

  test('a revoked certificate is refused', async () => {
    const device = await pki.issue('car-revoked')
    await pki.revoke(device)
    expect(codeOf(await ask(await startStage(), device))).toBe('revoked')
  })

  test('revoked on a held connection: the next request is refused', async () => {
    const device = await pki.issue('car-held')
    const connection = await connected(deviceOptions(pki, (await startStage()).server, device))
    expect((await answered(connection)).status).toBe(200)
    await pki.revoke(device)
    const response = await answered(connection)
    expect([codeOf(response), connection.answered()]).toEqual(['revoked', 2])
    await connection.close()
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s: revoked on a resumed session',
    async (version) => {
      const device = await pki.issue(`car-resumed-${version}`)
      const on = await startStage({ tls: { resumption: 'allowed' } })
      const versions = { minVersion: version, maxVersion: version }
      const options = { ...deviceOptions(pki, on.server, device), ...versions }
      const first = await connected(options)
      expect((await answered(first)).status).toBe(200)
      const session = first.session()
      await first.close()
      expect(session).toBeDefined()
      const resume = { ...options, ...(session !== undefined && { session }) }
      const second = await connected(resume)
      expect([second.resumed, (await answered(second)).status]).toEqual([true, 200])
      await second.close()
      await pki.revoke(device)
      const third = await connected(resume)
      expect([third.resumed, codeOf(await answered(third))]).toEqual([true, 'revoked'])
      await third.close()
    },
  )

  test('without a word on resumption no session is resumed', async () => {
    const device = await pki.issue('car-full')
    const options = deviceOptions(pki, (await startStage()).server, device)
    const first = await connected(options)
    await answered(first)
    const session = first.session()
    await first.close()
    const second = await connected({ ...options, ...(session !== undefined && { session }) })
    expect(second.resumed).toBe(false)
    await second.close()
  })

  test.each([
    { name: 'expired', variables: {}, hours: 1, code: 'expired' },
    { name: 'in grace', variables: { EXPIRED: 'grace 10d' }, hours: 1, code: undefined },
    { name: 'past grace', variables: { EXPIRED: 'grace 10d' }, hours: 241, code: 'expired' },
  ])('$name', async ({ variables, hours, code }) => {
    const device = await pki.issue(`car-lapsed-${hours}-${code}`, 2)
    const on = await startStage({ variables })
    on.clock.set(shift(start, 2 * dayMs + hours * 3_600_000))
    const response = await ask(on, device)
    expect([response.status, codeOf(response)]).toEqual([code === undefined ? 200 : 403, code])
  })

  test('a session cookie is issued and taken', async () => {
    const device = await pki.issue('car-session')
    const on = await startStage({ variables: { SESSION_KEYS: keyRing } })
    const connection = await connected(deviceOptions(pki, on.server, device))
    const issued = await answered(connection)
    const [cookie = ''] = String(issued.headers['set-cookie']).split(';')
    const used = await answered(connection, { headers: { cookie } })
    expect([issued.body, used.body].map((body) => (body as { session: string }).session)).toEqual([
      'issued',
      'used',
    ])
    await connection.close()
  })
})

/** A raw HTTP exchange over TLS: the bytes that come back until the server has ended the connection. */
async function rawExchange(on: NodeStage, credential: Credential, text: string): Promise<string> {
  const { socket } = valueOf(await openTls(deviceOptions(pki, on.server, credential)))
  socket.write(text)
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
  await once(socket, 'close')
  return answer
}

const echoUrl = (request: Request): Promise<Response> => Promise.resolve(new Response(request.url))

test.each([
  { name: 'two Host fields', head: 'GET / HTTP/1.1\r\nHost: a\r\nHost: b', seen: ' 400 ' },
  { name: 'user information', head: 'GET / HTTP/1.1\r\nHost: a@b', seen: ' 400 ' },
  { name: 'a path in Host', head: 'GET / HTTP/1.1\r\nHost: a/b', seen: ' 400 ' },
  { name: 'another scheme', head: 'GET ftp://a/ HTTP/1.1\r\nHost: a', seen: ' 400 ' },
  { name: 'the asterisk', head: 'OPTIONS * HTTP/1.1\r\nHost: a', seen: ' 400 ' },
  { name: 'TRACE', head: 'TRACE / HTTP/1.1\r\nHost: a', seen: ' 501 ' },
  { name: 'a path like a host', head: 'GET //b/c HTTP/1.1\r\nHost: a', seen: 'https://a//b/c' },
  { name: 'absolute form', head: 'GET http://b/c?d HTTP/1.1\r\nHost: a', seen: 'https://b/c?d' },
])('the address: $name', async ({ head, seen }) => {
  const device = await pki.issue('car-addresses')
  const on = await startStage({ target: echoUrl })
  const answer = await rawExchange(on, device, `${head}\r\nConnection: close\r\n\r\n`)
  expect(answer).toContain(seen)
})

/** What an app behind plain HTTP answers, chunk by chunk as the client's chunks come. */
const echoBody = (request: Request): Response => new Response(request.body)

describe('streams', () => {
  test('both ways: a part is answered before the next is sent', async () => {
    const server = await startNodeServer({ app: { fetch: echoBody }, host: '127.0.0.1', port: 0 })
    const outgoing = http.request(server.url, { method: 'POST' })
    outgoing.write('first')
    const [incoming] = (await once(outgoing, 'response')) as [http.IncomingMessage]
    const [first] = (await once(incoming, 'data')) as [Buffer]
    outgoing.end('second')
    const [second] = (await once(incoming, 'data')) as [Buffer]
    expect([String(first), String(second)]).toEqual(['first', 'second'])
    await server.close(0)
  })

  test('a refused upload ends the connection and does not swallow it', async () => {
    const on = await startStage()
    const { socket } = valueOf(await openTls(deviceOptions(pki, on.server)))
    socket.on('error', () => undefined)
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nx')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(String(answer)).toMatch(/^HTTP\/1\.1 401 [^]*connection: close/i)
    await once(socket, 'close')
  })

  test('a body that breaks off cuts the connection', async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('half')),
      pull: () => Promise.reject(new Error('the target has gone')),
    })
    const app = { fetch: () => new Response(broken) }
    const server = await startNodeServer({ app, host: '127.0.0.1', port: 0 })
    await expect(fetch(server.url).then((response) => response.text())).rejects.toThrow(
      'terminated',
    )
    await server.close(0)
  })

  test('a client that goes away aborts the request', async () => {
    const seen = Promise.withResolvers<Request>()
    const app = {
      fetch(request: Request) {
        seen.resolve(request)
        return new Promise<Response>((resolve) => {
          request.signal.addEventListener('abort', () => resolve(new Response(null)))
        })
      },
    }
    const server = await startNodeServer({ app, host: '127.0.0.1', port: 0 })
    const socket = connectTcp(server.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const { signal } = await seen.promise
    socket.destroy()
    if (!signal.aborted) await once(signal, 'abort')
    expect(signal.aborted).toBe(true)
    await server.close(0)
  })
})

describe('what one client may take', () => {
  const app = { fetch: async (request: Request) => new Response(await request.text()) }
  /** Long enough for what is sent to arrive: a connection that is cut before loses the answer. */
  const brief = { headersMs: 200, requestMs: 200, checkMs: 10 }

  /** What a client is told that sends this and no more. */
  async function told(text: string, limits: Partial<NodeServerLimits>): Promise<string> {
    const server = await startNodeServer({ app, host: '127.0.0.1', port: 0, limits })
    const socket = connectTcp(server.port, '127.0.0.1')
    socket.write(text)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    await once(socket, 'close')
    await server.close(0)
    return String(answer).split('\r\n')[0] ?? ''
  }

  test.each([
    { slow: 'in its header', text: 'GET / HTTP/1.1\r\nHost: a\r\nX: ' },
    { slow: 'in its body', text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx' },
  ])('a client that is slow $slow is told 408', async ({ text }) => {
    expect(await told(text, brief)).toBe('HTTP/1.1 408 Request Timeout')
  })

  test('a client too many is not served, and served when another has left', async () => {
    const limits = { connectionsMax: 1 }
    const server = await startNodeServer({ app, host: '127.0.0.1', port: 0, limits })
    const first = connectTcp(server.port, '127.0.0.1')
    // Connections that are made side by side may come in either order.
    await once(first, 'connect')
    const second = connectTcp(server.port, '127.0.0.1')
    await once(second, 'close')
    first.destroy()
    await once(first, 'close')
    const third = connectTcp(server.port)
    third.end('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok')
    expect(String(((await once(third, 'data')) as [Buffer])[0])).toMatch(/^HTTP\/1\.1 200 /)
    await server.close(0)
  })

  test.each([
    { octets: 63 * 1024, status: 200 },
    { octets: 64 * 1024, status: 431 },
  ])('a header of $octets bytes: $status', async ({ octets, status }) => {
    const server = await startNodeServer({ app, host: '127.0.0.1', port: 0 })
    const response = await fetch(server.url, { headers: { x: 'x'.repeat(octets) } })
    expect(response.status).toBe(status)
    await server.close(0)
  })
})

describe('a header of ALB with five certificates: its quota for one is 16 kB, for all of them 64', () => {
  const secret = 's'.repeat(32)
  const hop = { HOP: 'secret', HOP_SECRET: secret }
  const variables = { PLATFORM: 'alb', ALB_MODE: 'passthrough', MODE: 'passthrough', ...hop }

  /** What the target is told of a chain in one header, beside 4 kB in others. */
  async function sent(paddedOctets: number): Promise<{ length: number; told: unknown }> {
    const { chainPem } = await pki.issue(`car-of-${paddedOctets}`)
    const header = encodeURIComponent(chainPem + paddedCertificate(paddedOctets).repeat(3))
    const on = await startStage({ tls: null, variables, target: countsCertificates })
    const response = await fetch(on.server.url, {
      headers: {
        'x-amzn-mtls-clientcert': header,
        'x-sallyport-hop': secret,
        'x-other': 'x'.repeat(4096),
      },
    })
    const body = (await response.json()) as { readonly code?: string }
    return { length: header.length, told: body.code ?? body }
  }

  test('within it: the target gets all five', async () => {
    const { length, told } = await sent(3000)
    expect(told).toBe(5)
    expect(length).toBeLessThanOrEqual(16 * 1024)
    expect(length + 4096).toBeGreaterThan(16 * 1024)
  })

  test('beyond it: refused by name, and not passed on as if there were none', async () => {
    const { length, told } = await sent(4000)
    expect(told).toBe('presentation_malformed')
    expect(length).toBeGreaterThan(16 * 1024)
  })
})

const countsCertificates = async ({ headers }: Request): Promise<Response> =>
  Response.json(headers.get('x-amzn-mtls-clientcert')?.match(/BEGIN%20CERTIFICATE/g)?.length)

/** A certificate as large as one of a long key; passed through, it is not read. */
function paddedCertificate(octets: number): string {
  const der = Buffer.alloc(octets, 0x5a)
  der.set([0x30, 0x82, (octets - 4) >>> 8, (octets - 4) & 0xff])
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** When a client leaves, and what it has sent by then. */
const leavings = [
  { when: 'before its body', text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n' },
  { when: 'within its body', text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf' },
  {
    when: 'within a chunk',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha',
  },
  { when: 'within the answer', text: 'GET /endless HTTP/1.1\r\nHost: a\r\n\r\n' },
]

test.each(leavings)('a client that leaves $when: its request ends, others go on', async (row) => {
  const begun = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
    cancel: () => ended.resolve(),
  })
  const app = {
    async fetch(request: Request) {
      if (new URL(request.url).pathname === '/health') return new Response('well')
      begun.resolve()
      if (request.method === 'GET') return new Response(endless)
      await expect(request.text()).rejects.toThrow('aborted')
      ended.resolve()
      return new Response('too late')
    },
  }
  const server = await startNodeServer({ app, host: '127.0.0.1', port: 0 })
  const socket = connectTcp(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(row.text)
  await begun.promise
  socket.resetAndDestroy()
  await ended.promise
  expect(await (await fetch(`${server.url}/health`)).text()).toBe('well')
  await server.close(0)
})

/** Answers when told to. */
function slowApp() {
  const begun = Promise.withResolvers<void>()
  const release = Promise.withResolvers<Response>()
  const fetchSlowly = (): Promise<Response> => {
    begun.resolve()
    return release.promise
  }
  return { app: { fetch: fetchSlowly }, begun: begun.promise, release: release.resolve }
}

describe('closing', () => {
  test('what is under way is answered, and nothing new is taken', async () => {
    const { app, begun, release } = slowApp()
    const server = await startNodeServer({ app, host: '127.0.0.1', port: 0 })
    const underWay = fetch(server.url)
    await begun
    const closed = server.close(30_000)
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
    release(new Response('done'))
    expect(await (await underWay).text()).toBe('done')
    await closed
  })

  test('after the grace what is left is cut', async () => {
    const { app, begun } = slowApp()
    const server = await startNodeServer({ app, host: '127.0.0.1', port: 0 })
    const underWay = fetch(server.url)
    underWay.catch(() => undefined)
    await begun
    await server.close(1)
    await expect(underWay).rejects.toThrow('fetch failed')
  })

  test('a connection whose handshake is not done does not hold it up', async () => {
    const on = await startStage()
    const silent = connectTcp(on.server.port, '127.0.0.1')
    silent.on('error', () => undefined)
    await once(silent, 'connect')
    // A second one, whole: by then the server has taken the first.
    await ask(on)
    const cut = once(silent, 'close')
    await on.server.close(0)
    await cut
    expect(silent.destroyed).toBe(true)
  })
})

test('a port in use is told by its number', async () => {
  const app = { fetch: () => new Response() }
  const server = await startNodeServer({ app, host: '127.0.0.1', port: 0 })
  const again = startNodeServer({ app, host: '127.0.0.1', port: server.port })
  await expect(again).rejects.toThrow(`port ${server.port} on 127.0.0.1 is in use`)
  await server.close(0)
})

test('behind a proxy: plain HTTP and the facts of its headers, over a hop with a secret', async () => {
  const secret = 's'.repeat(32)
  const device = await pki.issue('car-proxied')
  const [leafPem = ''] = device.chainPem.split(/(?<=-----END CERTIFICATE-----\n)/)
  const variables = { PLATFORM: 'nginx', HOP: 'secret', HOP_SECRET: secret }
  const on = await startStage({ tls: null, variables })
  const cert = { 'x-ssl-client-cert': encodeURIComponent(leafPem) }
  const statusOf = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(on.server.url, { headers })).status
  expect(await statusOf({ ...cert, 'x-sallyport-hop': secret })).toBe(200)
  expect(await statusOf(cert)).toBe(421)
  expect(await statusOf({ 'x-sallyport-hop': secret })).toBe(401)
})

test('a device that cannot even shake hands does no harm', async () => {
  const on = await startStage()
  const socket = connectTcp(on.server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'close')
  await wait(0)
  expect((await connect(deviceOptions(pki, on.server))).ok).toBe(true)
})
