import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { cfOf, chainOf, dayMs } from '../../runtime/given.ts'
import { startRuntime, type Runtime } from '../../runtime/stage.ts'

/** The worker of production in workerd, before a target that takes WebSockets. */
let target: http.Server
let sockets: WebSocketServer
let runtime: Runtime
/** Everything that targets were told, and the ends that they saw: codes by reason. */
const told: string[] = []
const ends = new Map<string, number>()
let tellEnd: (() => void) | undefined

async function startTarget(): Promise<void> {
  target = http.createServer()
  sockets = new WebSocketServer({ server: target, handleProtocols: () => 'chat' })
  sockets.on('connection', (socket) => {
    socket.on('message', (octets: Buffer, isBinary) => {
      told.push(octets.toString())
      if (octets.toString() === 'close') socket.close(4001, 'as asked')
      else socket.send(octets, { binary: isBinary })
    })
    socket.on('close', (code, reason) => {
      ends.set(String(reason), code)
      tellEnd?.()
    })
  })
  target.listen(0, '127.0.0.1')
  await once(target, 'listening')
}

beforeAll(async () => {
  await startTarget()
  const { port } = target.address() as AddressInfo
  const production = { entry: 'edge/worker.ts' } as const
  const url = `http://127.0.0.1:${port}`
  const groups = JSON.stringify({ fleet: { targets: [url] } })
  const routes = JSON.stringify([
    { Priority: 'default', Actions: [{ Type: 'forward', TargetGroupArn: 'fleet' }] },
  ])
  const variables = { MAX_STALENESS: '0s' }
  runtime = await startRuntime([
    { ...production, name: 'by-url', variables: { ...variables, TARGET_URL: url } },
    {
      ...production,
      name: 'by-group',
      variables: { ...variables, TARGET_GROUPS: groups, ROUTES: routes },
    },
    { ...production, name: 'behind', variables: { MODE: 'off', TARGET_URL: url } },
    { ...production, name: 'by-binding', variables, target: 'behind' },
    {
      ...production,
      name: 'passthrough',
      variables: { ...variables, MODE: 'passthrough', TARGET_URL: url },
    },
  ])
}, 30_000)

afterAll(async () => {
  await runtime.close()
  for (const socket of sockets.clients) socket.terminate()
  target.close()
})

async function open(name: string, device: string) {
  const own = await runtime.pki.issue(device, [-dayMs, dayMs])
  const cf = cfOf(...chainOf(own))
  const headers = { upgrade: 'websocket', 'sec-websocket-protocol': 'chat' }
  const response = await runtime.fetch(name, { cf, headers, path: '/live' })
  const { webSocket } = response
  if (!webSocket) throw new Error(`no session: ${response.status} ${await response.text()}`)
  const messages: (string | number)[] = []
  let tell: (() => void) | undefined
  const { promise: closed, resolve } = Promise.withResolvers<readonly [number, string]>()
  webSocket.addEventListener('message', ({ data }) => {
    messages.push(typeof data === 'string' ? data : (data as ArrayBuffer).byteLength)
    tell?.()
  })
  webSocket.addEventListener('close', ({ code, reason }) => resolve([code, reason]))
  webSocket.accept()
  const protocol = response.headers.get('sec-websocket-protocol')
  const arrived = async (count: number): Promise<void> => {
    while (messages.length < count) await new Promise<void>((next) => (tell = next))
  }
  return { webSocket, messages, arrived, closed, own, protocol, cf }
}

async function revoke({ serial }: DeviceCredential): Promise<void> {
  runtime.pki.authority.revoke(serial, runtime.pki.now, 'keyCompromise')
  await runtime.pki.publish()
}

const lastOpened = (): WebSocket | undefined => [...sockets.clients].at(-1)

describe.each(['by-url', 'by-group', 'by-binding'])('a WebSocket through workerd, %s', (name) => {
  test('carries texts and octets both ways, and the target’s sub-protocol', async () => {
    const { webSocket, messages, arrived, protocol } = await open(name, `car-${name}-1`)
    webSocket.send('over')
    webSocket.send(new Uint8Array(100_000))
    await arrived(2)
    expect([messages, protocol]).toEqual([['over', 100_000], 'chat'])
    webSocket.close(4002, name)
    while (!ends.has(name)) await new Promise<void>((next) => (tellEnd = next))
    expect(ends.get(name)).toBe(4002)
  })

  test('revoked: cut at its next message, which the target never sees', async () => {
    const { webSocket, arrived, closed, own, cf } = await open(name, `car-${name}-2`)
    webSocket.send('good')
    await arrived(1)
    await revoke(own)
    webSocket.send(`late ${name}`)
    expect(await closed).toEqual([4403, 'revoked'])
    expect(told).not.toContain(`late ${name}`)
    const again = await runtime.fetch(name, { cf, headers: { upgrade: 'websocket' } })
    expect(await again.json()).toMatchObject({ status: 403, code: 'revoked' })
  })

  test('revoked: cut at the next message for it', async () => {
    const { messages, closed, own } = await open(name, `car-${name}-3`)
    await revoke(own)
    lastOpened()?.send('news')
    expect([await closed, messages]).toEqual([[4403, 'revoked'], []])
  })

  test('revoked while nothing is said: cut by the runtime’s own timer', async () => {
    const { closed, own } = await open(name, `car-${name}-4`)
    await revoke(own)
    expect(await closed).toEqual([4403, 'revoked'])
  })

  test('a close of the target arrives with its code', async () => {
    const { webSocket, closed } = await open(name, `car-${name}-5`)
    webSocket.send('close')
    expect(await closed).toEqual([4001, 'as asked'])
  })

  test('a target that breaks off ends the session', async () => {
    const { webSocket, arrived, closed } = await open(name, `car-${name}-6`)
    webSocket.send('there')
    await arrived(1)
    lastOpened()?.terminate()
    expect(await closed).toEqual([1011, expect.any(String)])
  })
})

test('passthrough: the target has the path, and the session stays', async () => {
  const { webSocket, messages, arrived, own } = await open('passthrough', 'car-through')
  await revoke(own)
  webSocket.send('on')
  await arrived(1)
  expect(messages).toEqual(['on'])
  webSocket.close(1000, '')
})

test.each([
  { name: 'by-url', told: { name: expect.stringMatching(/^127\.0\.0\.1:\d+$/) } },
  { name: 'by-group', told: { group: 'fleet', name: expect.stringMatching(/^127\.0\.0\.1:\d+$/) } },
  { name: 'by-binding', told: { name: 'binding:TARGET' } },
])('$name: the line of the log names where the session went', async ({ name, told: where }) => {
  runtime.takeLogs()
  const { webSocket } = await open(name, `car-${name}-logged`)
  webSocket.close(1000, '')
  const lines = runtime.takeLogs().filter((line) => line.includes(`car-${name}-logged`))
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ target: where }])
})
