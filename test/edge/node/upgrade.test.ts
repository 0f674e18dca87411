import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { createNodeTarget, type NodeTarget } from '#edge/node/target.ts'
import { openTcpBroker } from '#edge/node/broker.ts'
import { createAcceptWebSocket } from '#edge/node/websocket.ts'
import type { MqttPorts } from '#edge/context.ts'
import { startBroker, type Broker } from '#simulator/engine/broker.ts'
import { connectMqtt, type MqttSession } from '#simulator/engine/client/mqtt-client.ts'
import { openTls } from '#simulator/engine/client/tls-connection.ts'
import { openWebSocket } from '#simulator/engine/client/websocket.ts'
import {
  createDirectoryPki,
  deviceOptions,
  valueOf,
  type DirectoryPki,
} from '../../runtime/directory-pki.ts'
import { byHand, until } from '../mqtt/fakes.ts'
import { startNodeStage, type NodeStage, type NodeStageOptions } from './stage.ts'
import { start } from '../stage.ts'

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

async function startStage(options: NodeStageOptions): Promise<NodeStage> {
  stage = await startNodeStage(pki, options)
  return stage
}

/** A target that takes WebSockets at `/echo`, and what it saw of them. */
interface Target {
  readonly target: NodeTarget
  readonly requests: IncomingMessage[]
  readonly opened: WebSocket[]
  readonly open: () => number
  close(): Promise<void>
}

async function startTarget(): Promise<Target> {
  const requests: IncomingMessage[] = []
  const opened: WebSocket[] = []
  const sockets = new WebSocketServer({ noServer: true })
  const server = http.createServer((_incoming, outgoing) => {
    outgoing.writeHead(418, { 'x-said': 'no' }).end('not here')
  })
  server.on('upgrade', (incoming, socket, head) => {
    requests.push(incoming)
    if (incoming.url === '/refused') return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\nno')
    sockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      webSocket.on('message', (octets: Buffer, isBinary) => {
        if (octets.toString() === 'close') return webSocket.close(4001, 'as asked')
        return webSocket.send(octets, { binary: isBinary })
      })
      opened.push(webSocket)
    })
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const target = createNodeTarget(`http://127.0.0.1:${port}`)
  return {
    target,
    requests,
    opened,
    open: () => sockets.clients.size,
    async close() {
      for (const client of sockets.clients) client.terminate()
      await target.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

describe('a WebSocket to the target', () => {
  let behind: Target

  beforeAll(async () => {
    behind = await startTarget()
  })
  afterAll(() => behind.close())

  const options = async (path: string, name: string) => ({
    ...deviceOptions(pki, (await startStage({ target: behind.target.send })).server),
    credential: await pki.issue(name),
    path,
    subProtocol: 'chat',
  })

  test('is joined, frames go both ways, and the target is told who it is', async () => {
    const { webSocket } = valueOf(await openWebSocket(await options('/echo?a=1', 'car-joined')))
    webSocket.resume()
    webSocket.send('over')
    const [answer, isBinary] = (await once(webSocket, 'message')) as [Buffer, boolean]
    expect([String(answer), isBinary, webSocket.protocol]).toEqual(['over', false, 'chat'])
    const { url, headers } = behind.requests.at(-1) ?? {}
    expect(url).toBe('/echo?a=1')
    expect(headers?.['x-amzn-mtls-clientcert-subject']).toContain('CN=car-joined')
    webSocket.terminate()
    await until(() => behind.open() === 0)
  })

  test('without a certificate there is none, and the target is not asked', async () => {
    const before = behind.requests.length
    const { credential: _none, ...rest } = await options('/echo', 'car-nobody')
    expect(await openWebSocket(rest)).toEqual({
      ok: false,
      error: { kind: 'refused', code: 'no_certificate', by: { status: 401 } },
    })
    expect(behind.requests).toHaveLength(before)
  })

  test("a target's refusal is the answer", async () => {
    const refused = await openWebSocket(await options('/refused', 'car-refused'))
    expect(refused).toMatchObject({ ok: false, error: { detail: 'upgrade answered with 403' } })
  })

  test('a server that ends says goodbye, within its grace', async () => {
    const { webSocket, ended } = valueOf(await openWebSocket(await options('/echo', 'car-drained')))
    webSocket.resume()
    await stage?.server.close(30_000)
    expect(await ended).toMatchObject({ kind: 'connection_closed' })
  })

  interface Held {
    readonly webSocket: WebSocket
    readonly ended: Promise<unknown>
    readonly tick: () => void
    readonly ticking: () => boolean
    readonly revoke: () => Promise<void>
  }

  async function hold(name: string, variables = {}): Promise<Held> {
    const { repeat, tick, ticking } = byHand()
    const on = await startStage({ target: behind.target.send, repeat, variables })
    const credential = await pki.issue(name)
    const asked = { ...deviceOptions(pki, on.server, credential), path: '/echo', subProtocol: 'a' }
    const { webSocket, ended } = valueOf(await openWebSocket(asked))
    webSocket.resume()
    return { webSocket, ended, tick, ticking, revoke: () => pki.revoke(credential) }
  }

  const cut = { kind: 'refused', code: 'revoked', by: { closeCode: 4403 } }

  test('revoked: cut at its next message, which the target never sees', async () => {
    const { webSocket, ended, revoke, ticking } = await hold('car-ws-cut')
    webSocket.send('good')
    await once(webSocket, 'message')
    await revoke()
    const seen: unknown[] = []
    behind.opened.at(-1)?.on('message', (message) => seen.push(message))
    webSocket.send('revoked')
    expect(await ended).toEqual(cut)
    await until(() => behind.open() === 0)
    expect([seen, ticking()]).toEqual([[], false])
  })

  test('revoked: cut at the next message for it, which it never sees', async () => {
    const { webSocket, ended, revoke } = await hold('car-ws-told')
    await revoke()
    const seen: unknown[] = []
    webSocket.on('message', (message) => seen.push(message))
    behind.opened.at(-1)?.send('news')
    expect([await ended, seen]).toEqual([cut, []])
  })

  test('revoked while it carries nothing: cut by the clock, which is then stopped', async () => {
    const { ended, revoke, tick, ticking } = await hold('car-ws-idle')
    tick()
    await revoke()
    tick()
    expect(await ended).toEqual(cut)
    expect(ticking()).toBe(false)
  })

  test('a session in passthrough is the target’s own to cut', async () => {
    const { webSocket, revoke, ticking } = await hold('car-ws-through', { MODE: 'passthrough' })
    await revoke()
    webSocket.send('on')
    expect(String((await once(webSocket, 'message'))[0])).toBe('on')
    expect(ticking()).toBe(false)
    webSocket.terminate()
  })

  test('messages of many megabytes pass, slowly taken ones as well', async () => {
    const { webSocket } = await hold('car-ws-large')
    const message = new Uint8Array(12 * 1024 * 1024).fill(7)
    webSocket.send(message)
    webSocket.pause()
    await until(() => webSocket.bufferedAmount > 0)
    webSocket.resume()
    const [echoed] = (await once(webSocket, 'message')) as [Buffer]
    expect(echoed.equals(message)).toBe(true)
    webSocket.terminate()
  })

  test('a close of the target arrives with its code, and ends the asking', async () => {
    const { webSocket, ended, ticking } = await hold('car-ws-closed')
    webSocket.send('close')
    expect(await ended).toEqual({ kind: 'refused', code: 'as asked', by: { closeCode: 4001 } })
    await until(() => !ticking())
  })

  test('a device that breaks off is lost to the target as well', async () => {
    const { webSocket, ticking } = await hold('car-ws-lost')
    webSocket.terminate()
    await until(() => behind.open() === 0 && !ticking())
    expect([behind.open(), ticking()]).toEqual([0, false])
  })

  test.each(['h2c', 'TLS/1.0'])('an upgrade to %s is passed over', async (protocol) => {
    const on = await startStage({ target: behind.target.send, tls: null, variables: behindNginx })
    const socket = connectTcp(on.server.port, '127.0.0.1')
    socket.write(
      `GET / HTTP/1.1\r\nHost: a\r\nX-Sallyport-Hop: ${secret}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(String(answer)).toMatch(/^HTTP\/1\.1 401 /)
    socket.destroy()
  })
})

const secret = 's'.repeat(32)
const behindNginx = { PLATFORM: 'nginx', HOP: 'secret', HOP_SECRET: secret }

describe('MQTT over WebSocket, with mqtt.js and a broker over TCP', () => {
  let broker: Broker

  beforeAll(async () => {
    broker = await startBroker()
  })
  afterAll(() => broker.close())

  interface Scene {
    readonly session: MqttSession
    /** What a clock would do from time to time. */
    readonly tick: () => void
    readonly ticking: () => boolean
    readonly revoke: () => Promise<void>
  }

  async function open(name: string, port = broker.port): Promise<Scene> {
    const { repeat, tick, ticking } = byHand()
    const mqtt: MqttPorts = {
      openBroker: () => openTcpBroker({ host: '127.0.0.1', port }),
      acceptWebSocket: createAcceptWebSocket(),
    }
    const credential = await pki.issue(name)
    const on = await startStage({ mqtt, repeat })
    const options = { ...deviceOptions(pki, on.server, credential), clientId: name }
    return {
      session: valueOf(await connectMqtt(options)),
      tick,
      ticking,
      revoke: () => pki.revoke(credential),
    }
  }

  const cut = { kind: 'refused', code: 'revoked', by: { closeCode: 4403 } }

  test('messages go both ways', async () => {
    const { session } = await open('car-talks')
    const arrived = new Promise<string>((resolve) => {
      session.onMessage(({ payload }) => resolve(new TextDecoder().decode(payload)))
    })
    valueOf(await session.subscribe('fleet/car-talks'))
    valueOf(await session.publish('fleet/car-talks', 'over'))
    expect(await arrived).toBe('over')
    await session.end()
  })

  test('revoked: cut at its next message', async () => {
    const { session, revoke } = await open('car-cut')
    valueOf(await session.publish('a', 'good'))
    await revoke()
    expect(await session.publish('a', 'revoked')).toEqual({ ok: false, error: cut })
    expect(broker.received()).toBe(2)
  })

  test('revoked while it carries nothing: cut by the clock, which is then stopped', async () => {
    const { session, revoke, tick, ticking } = await open('car-idle')
    tick()
    await revoke()
    tick()
    expect(await session.ended).toEqual(cut)
    expect(ticking()).toBe(false)
  })

  test('a server that ends says goodbye with 1001, and its broker loses the client', async () => {
    const { session, ticking } = await open('car-leaves')
    await stage?.server.close(30_000)
    expect(await session.ended).toMatchObject({
      detail: 'WebSocket closed with 1001 the server ends',
    })
    expect(ticking()).toBe(false)
  })

  test('a broker that is away', async () => {
    await expect(open('car-unheard', 9)).rejects.toThrow('WebSocket closed with 1011')
  })

  test.each([
    { name: 'a text frame', message: 'text' as const, code: 1003 },
    { name: 'more than may wait', message: new Uint8Array(1024 * 1024 + 1), code: 1009 },
  ])('$name closes with $code', async ({ message, code }) => {
    const mqtt = {
      openBroker: () => openTcpBroker({ host: '127.0.0.1', port: broker.port }),
      acceptWebSocket: createAcceptWebSocket(),
    }
    const credential = await pki.issue(`car-${code}`)
    const options = deviceOptions(pki, (await startStage({ mqtt })).server, credential)
    const opened = await openWebSocket({ ...options, path: '/mqtt', subProtocol: 'mqtt' })
    const { webSocket } = valueOf(opened)
    webSocket.resume()
    webSocket.send(message)
    const [closed] = (await once(webSocket, 'close')) as [number]
    expect(closed).toBe(code)
  })

  test('a handshake that fails leaves no broker connection behind', async () => {
    const held: Socket[] = []
    const counted = http.createServer().on('connection', (socket) => held.push(socket))
    counted.listen(0, '127.0.0.1')
    await once(counted, 'listening')
    const { port } = counted.address() as AddressInfo
    const mqtt = {
      openBroker: () => openTcpBroker({ host: '127.0.0.1', port }),
      acceptWebSocket: createAcceptWebSocket(),
    }
    const credential = await pki.issue('car-halfway')
    const on = await startStage({ mqtt })
    const { socket } = valueOf(await openTls(deviceOptions(pki, on.server, credential)))
    // No Sec-WebSocket-Key (RFC 6455 4.2.1).
    socket.write(
      'GET /mqtt HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /)
    await until(() => held.length === 1 && held[0]?.destroyed === true)
    counted.close()
  })
})
