import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { createServer as createTlsServer, type TlsOptions as ServerOptions } from 'node:tls'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { err } from '#shared/result.ts'
import { connect, readBody } from '#simulator/engine/client/device-connection.ts'
import { createTestWorld, type TestWorld } from '../credentials.ts'
import { answered, connected, tlsOptions } from '../front/stage.ts'

let world: TestWorld
let server: Server | undefined

beforeAll(async () => {
  world = await createTestWorld()
})

afterEach(() => {
  server?.close()
})

async function listening(started: Server): Promise<number> {
  server = started.listen(0, '127.0.0.1')
  await once(started, 'listening')
  return (started.address() as AddressInfo).port
}

/** A TLS server that answers every request head with these bytes, then maybe hangs up. */
function answering(
  answer: string,
  options: ServerOptions & { hangUp?: boolean } = {},
): Promise<number> {
  const { certPem: cert, keyPem: key } = world.server
  const tls = createTlsServer({ cert, key, ...options }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', () => (options.hangUp === true ? socket.end(answer) : socket.write(answer)))
  })
  return listening(tls)
}

const problem = '{"status":403,"code":"expired"}'
const head = (type: string, length: number) =>
  `HTTP/1.1 403 Forbidden\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`

test('a problem document comes parsed', async () => {
  const port = await answering(head('application/problem+json', problem.length) + problem)
  const connection = await connected(tlsOptions(world, port))
  expect(await answered(connection)).toMatchObject({ status: 403, body: { code: 'expired' } })
  await connection.close()
})

const failures = [
  { name: 'hangs up without an answer', answer: '', kind: 'connection_closed' },
  {
    name: 'hangs up in the middle of an answer',
    answer: head('text/plain', 9) + 'half',
    kind: 'connection_closed',
  },
  { name: 'speaks no HTTP', answer: 'SSH-2.0-x\r\n\r\n', kind: 'protocol_error' },
  {
    name: 'says JSON and sends none',
    answer: head('application/json', 1) + '{',
    kind: 'protocol_error',
  },
]

test.each(failures)('a far side that $name: $kind', async ({ answer, kind }) => {
  const port = await answering(answer, { hangUp: true })
  const connection = await connected(tlsOptions(world, port))
  expect(await connection.request({ method: 'GET', path: '/' })).toMatchObject({ error: { kind } })
  await connection.close()
})

test('a held connection that is cut tells how much was answered before, and opens no other', async () => {
  const port = await answering(head('text/plain', 2) + 'no', { hangUp: true })
  const connection = await connected(tlsOptions(world, port))
  await answered(connection)
  await expect.poll(() => connection.isClosed()).toBe(true)
  expect(await connection.request({ method: 'GET', path: '/' })).toEqual(
    err({ kind: 'connection_closed', answered: 1, detail: expect.any(String) }),
  )
  await connection.close()
})

test('a handshake that the far side refuses by alert is a closed connection', async () => {
  const port = await answering('', {
    requestCert: true,
    rejectUnauthorized: true,
    ca: [],
    maxVersion: 'TLSv1.2',
  })
  const { credential: _without, ...options } = tlsOptions(world, port)
  const connection = await connect(options)
  const outcome = connection.ok
    ? await connection.value.request({ method: 'GET', path: '/' })
    : connection
  expect(outcome).toMatchObject({ error: { kind: 'connection_closed' } })
})

test('a server that is not who it should be is refused', async () => {
  const port = await answering('')
  expect(await connect(tlsOptions(world, port, { servername: 'other.test' }))).toMatchObject({
    error: {
      kind: 'protocol_error',
      detail: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
    },
  })
})

test('a far side that never answers the handshake is given up', async () => {
  const port = await listening(createServer(() => undefined))
  expect(await connect(tlsOptions(world, port, { timeoutMs: 20 }))).toEqual(
    err({ kind: 'timed_out', detail: 'no TLS handshake within 20 ms' }),
  )
})

test('nobody listens', async () => {
  const port = await listening(createServer())
  server?.close()
  expect(await connect(tlsOptions(world, port))).toMatchObject({ error: { kind: 'unreachable' } })
})

test.each([
  ['application/json; charset=utf-8', '{"a":1}', { a: 1 }],
  ['application/problem+json', '{"a":1}', { a: 1 }],
  ['text/plain', '{"a":1}', '{"a":1}'],
  ['application/jsonp', '{"a":1}', '{"a":1}'],
  ['application/json', '', ''],
  ['', 'x', 'x'],
])('a body of type "%s" reading %s', (type, text, value) => {
  expect(readBody(type, text)).toEqual({ ok: true, value })
})
