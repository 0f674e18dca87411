import { once } from 'node:events'
import { connect } from 'node:net'
import tls from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { instantFromMs, shift } from '#shared/time.ts'
import { createServerCredential } from '#simulator/ca/server-credential.ts'
import { startBroker, type Broker } from '#simulator/engine/broker.ts'
import { openMqttWire, type MqttWire } from '#simulator/engine/client/mqtt-wire.ts'
import { sourceAddressOf } from '#simulator/engine/client/source-address.ts'

let broker: Broker
let server: tls.Server
let caPem: string
/** Connections as the server has them. */
const taken: tls.TLSSocket[] = []

beforeAll(async () => {
  broker = await startBroker()
  const now = instantFromMs(Date.now())
  const bounds = { notBefore: shift(now, -60_000), notAfter: shift(now, 3_600_000) }
  const credential = await createServerCredential(bounds)
  ;({ caPem } = credential)
  server = tls.createServer({ key: credential.keyPem, cert: credential.certPem }, (socket) => {
    taken.push(socket)
    const far = connect(broker.port, '127.0.0.1')
    socket.on('error', () => far.destroy())
    far.on('error', () => socket.destroy())
    socket.pipe(far).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(async () => {
  for (const socket of taken) socket.destroy()
  server.close()
  await broker.close()
})

async function open(clientId: string, localAddress?: string): Promise<MqttWire> {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('TCP has a port')
  const opened = await openMqttWire({
    host: '127.0.0.1',
    port: address.port,
    servername: 'localhost',
    caPem,
    clientId,
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  if (!opened.ok) throw new Error(JSON.stringify(opened.error))
  return opened.value
}

test('every message of a burst is with the broker when the ping behind it is answered', async () => {
  const wire = await open('burst')
  const before = broker.received()
  const payload = Buffer.alloc(200, 'x')
  for (let nth = 0; nth < 500; nth += 1) wire.send('meters/m', payload)
  await wire.drained()
  const published = await Promise.all(
    Array.from({ length: 20 }, () => wire.publish('meters/m', payload)),
  )
  expect((await wire.ping()).ok).toBe(true)
  expect(published.every(({ ok }) => ok)).toBe(true)
  expect(broker.received() - before).toBe(520)
  wire.close()
})

test('a session that was cut says so to whoever waits, and to whoever comes later', async () => {
  const wire = await open('cut')
  const pinging = wire.ping()
  taken.at(-1)?.destroy()
  const failed = await pinging
  // The ping may have been answered before the cut.
  const later = await wire.ping()
  expect([failed.ok || failed.error.kind, later.ok || later.error.kind]).toEqual([
    expect.toSatisfy((said) => said === true || said === 'connection_closed'),
    'connection_closed',
  ])
  expect(wire.isClosed()).toBe(true)
})

test.each([
  [0, '127.0.0.2'],
  [8999, '127.0.0.2'],
  [9000, '127.0.0.3'],
  [9000 * 254, '127.0.1.0'],
])('device %i comes from %s', async (nth, address) => {
  expect(sourceAddressOf(nth)).toBe(address)
  const wire = await open(`from-${nth}`, address)
  expect(taken.at(-1)?.remoteAddress).toBe(address)
  wire.close()
})

test('nobody listens there', async () => {
  const closed = tls.createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const address = closed.address()
  closed.close()
  await once(closed, 'close')
  if (address === null || typeof address === 'string') throw new Error('TCP has a port')
  const target = { host: '127.0.0.1', port: address.port, servername: 'localhost', caPem }
  const opened = await openMqttWire({ ...target, clientId: 'nobody' })
  expect(opened).toMatchObject({ ok: false, error: { kind: 'unreachable' } })
})
