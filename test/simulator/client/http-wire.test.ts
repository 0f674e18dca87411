import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:https'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openHttpWire } from '#simulator/engine/client/http-wire.ts'
import { createTestWorld, type TestWorld } from '../credentials.ts'
import { tlsOptions, valueOf } from '../front/stage.ts'

let world: TestWorld
let server: Server

beforeAll(async () => {
  world = await createTestWorld()
  const { certPem: cert, keyPem: key } = world.server
  server = createServer({ cert, key }, (_, answer) => answer.end('ok'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}, 60_000)

afterAll(() => {
  server.close()
  server.closeAllConnections()
})

const address = () => tlsOptions(world, (server.address() as AddressInfo).port)

test('many questions over one connection pile up no listeners', async () => {
  const warnings: Error[] = []
  const keep = (warning: Error): void => void warnings.push(warning)
  process.on('warning', keep)
  const wire = valueOf(await openHttpWire(address()))
  for (let nth = 0; nth < 20; nth += 1) {
    expect(valueOf(await wire.get('/ok'))).toMatchObject({ status: 200 })
  }
  wire.close()
  // Warnings are told in a turn of their own.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', keep)
  expect(warnings).toEqual([])
}, 60_000)

test.each([
  ['kept', true],
  ['ignored', false],
] as const)(
  'sessions %s: there is one to resume with: %s',
  async (sessions, isThere) => {
    const wire = valueOf(await openHttpWire({ ...address(), sessions }))
    // TLS 1.3 offers sessions behind the handshake: the answer comes after them (RFC 8446 4.6.1).
    expect(valueOf(await wire.get('/ok'))).toMatchObject({ status: 200 })
    expect(wire.session() !== undefined).toBe(isThere)
    wire.close()
  },
  60_000,
)
