import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { startBroker, type Broker } from '#simulator/engine/broker.ts'
import { cfOf, chainOf, dayMs } from './given.ts'
import { startRuntime, type Runtime } from './stage.ts'

/** Port 9 (discard): nothing listens there on loopback. */
const nobody = '127.0.0.1:9'

let broker: Broker
let runtime: Runtime

const worker = (name: string, variables: Readonly<Record<string, string>>) =>
  ({ name, entry: 'edge/worker.ts', variables: { MAX_STALENESS: '0s', ...variables } }) as const

beforeAll(async () => {
  broker = await startBroker()
  const here = `127.0.0.1:${broker.port}`
  runtime = await startRuntime([
    worker('mqtt', { BROKER: here }),
    worker('broker-gone', { BROKER: nobody }),
    { ...worker('passthrough', { MODE: 'passthrough', BROKER: here }), target: 'echo' },
  ])
}, 30_000)

afterAll(async () => {
  await runtime.close()
  await broker.close()
})

interface Closed {
  readonly code: number
  readonly reason: string
}

interface Session {
  send(message: Bytes | string): void
  /** The next message that arrives, in hexadecimal. */
  next(): Promise<string>
  readonly closed: Promise<Closed>
}

const issue = (device: string): Promise<DeviceCredential> =>
  runtime.pki.issue(device, [-dayMs, dayMs])

async function upgrade(name: string, credential: DeviceCredential | undefined) {
  const cf = credential === undefined ? cfOf() : cfOf(...chainOf(credential))
  const headers = { upgrade: 'websocket', 'sec-websocket-protocol': 'mqtt' }
  return runtime.fetch(name, { cf, headers, path: '/mqtt' })
}

async function openSession(name: string, credential: DeviceCredential): Promise<Session> {
  const response = await upgrade(name, credential)
  const { webSocket } = response
  if (!webSocket) throw new Error(`no session: ${response.status} ${await response.text()}`)
  expect(response.headers.get('sec-websocket-protocol')).toBe('mqtt')
  const arrived: string[] = []
  const waiting: ((message: string) => void)[] = []
  const { promise: closed, resolve: close } = Promise.withResolvers<Closed>()
  webSocket.addEventListener('message', ({ data }) => {
    const hex = typeof data === 'string' ? data : Buffer.from(data as ArrayBuffer).toString('hex')
    const waiter = waiting.shift()
    if (waiter === undefined) arrived.push(hex)
    else waiter(hex)
  })
  webSocket.addEventListener('close', ({ code, reason }) => close({ code, reason }))
  webSocket.accept()
  return {
    send: (message) => webSocket.send(message),
    next: () => {
      const first = arrived.shift()
      return first === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(first)
    },
    closed,
  }
}

/** MQTT 3.1.1 section 3.1, 3.3 and 3.8; every packet here is shorter than 128 octets. */
const packet = (type: number, ...body: readonly number[]): Bytes =>
  Uint8Array.of(type, body.length, ...body)
const field = (value: string): readonly number[] => [0, value.length, ...Buffer.from(value)]
const connect = (client: string) => packet(0x10, ...field('MQTT'), 4, 0b10, 0, 0, ...field(client))
const publish = (topic: string, id: number) => packet(0x32, ...field(topic), 0, id, 0x78)
const subscribe = (topic: string, id: number) => packet(0x82, 0, id, ...field(topic), 0)
const connack = '20020000'
const puback = (id: number): string => `400200${id.toString(16).padStart(2, '0')}`

async function connected(device: string): Promise<Session & { readonly own: DeviceCredential }> {
  const own = await issue(device)
  const session = await openSession('mqtt', own)
  session.send(connect(device))
  expect(await session.next()).toBe(connack)
  return { ...session, own }
}

async function revoke({ serial }: DeviceCredential): Promise<void> {
  runtime.pki.authority.revoke(serial, runtime.pki.now, 'keyCompromise')
  await runtime.pki.publish()
}

describe('MQTT over WebSocket in workerd', () => {
  test('a revoked device is cut at its next message, which the broker never sees', async () => {
    const meter = await connected('meter-1')
    meter.send(publish('meters/1', 1))
    expect(await meter.next()).toBe(puback(1))
    await revoke(meter.own)
    const before = broker.received()
    meter.send(publish('meters/1', 2))
    expect(await meter.closed).toEqual({ code: 4403, reason: 'revoked' })
    expect(broker.received()).toBe(before)
    const again = await upgrade('mqtt', meter.own)
    expect(await again.json()).toMatchObject({ status: 403, code: 'revoked' })
  })

  test('a revoked device is cut at the next message for it, which it never sees', async () => {
    const reader = await connected('reader-1')
    reader.send(subscribe('meters/2', 1))
    expect(await reader.next()).toBe('9003000100')
    const meter = await connected('meter-2')
    await revoke(reader.own)
    meter.send(publish('meters/2', 1))
    expect(await meter.next()).toBe(puback(1))
    expect(await reader.closed).toEqual({ code: 4403, reason: 'revoked' })
    meter.send(publish('meters/2', 2))
    expect(await meter.next()).toBe(puback(2))
  })

  test('a revoked device that says nothing and is told nothing is cut', async () => {
    const meter = await connected('meter-8')
    await revoke(meter.own)
    expect(await meter.closed).toEqual({ code: 4403, reason: 'revoked' })
  })

  test('a text frame ends the session', async () => {
    const meter = await connected('meter-3')
    meter.send('hello')
    expect(await meter.closed).toEqual({ code: 1003, reason: 'binary frames only' })
  })

  test('more than may wait ends the session', async () => {
    const meter = await connected('meter-4')
    meter.send(new Uint8Array(1024 * 1024 + 1))
    expect(await meter.closed).toEqual({ code: 1013, reason: 'the broker is too slow' })
  })

  test('a broker that is gone ends the session', async () => {
    const session = await openSession('broker-gone', await issue('meter-5'))
    session.send(connect('meter-5'))
    expect(await session.closed).toEqual({ code: 1011, reason: 'the broker went away' })
  })

  test('a broker that hangs up ends the session', async () => {
    const meter = await connected('meter-6')
    // MQTT 3.1.1 4.8: a second CONNECT is a violation, and the broker must disconnect.
    meter.send(connect('meter-6'))
    expect((await meter.closed).code).toBeOneOf([1000, 1011])
  })

  test('without a certificate there is no upgrade', async () => {
    const response = await upgrade('mqtt', undefined)
    expect(response.status).toBe(401)
    expect(response.webSocket).toBeFalsy()
    expect(await response.json()).toMatchObject({ code: 'no_certificate' })
  })

  test('passthrough: the worker is not in the path', async () => {
    const response = await upgrade('passthrough', await issue('meter-7'))
    expect(await response.json()).toMatchObject({
      headers: expect.arrayContaining([
        ['upgrade', 'websocket'],
        ['x-amzn-mtls-clientcert', expect.stringContaining('BEGIN%20CERTIFICATE')],
      ]),
    })
  })
})
