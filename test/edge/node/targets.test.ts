import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, afterAll, describe, expect, test, vi } from 'vitest'
import { createApp } from '#edge/app.ts'
import { createNodeTargets, type NodeTargets } from '#edge/node/target.ts'
import { startNodeServer, type NodeServer } from '#edge/node.ts'
import { createPorts } from '#edge/ports.ts'
import { directoryTrustFiles } from '#edge/trust-stores/directory-trust-files.ts'
import { createDirectoryPki, type DirectoryPki } from '../../runtime/directory-pki.ts'
import { listenerOf, setClock, type SetClock } from '../stage.ts'

/** Groups of real targets behind a real server, over plain HTTP as behind a proxy. */
let pki: DirectoryPki
let targets: NodeTargets | undefined
let gateway: NodeServer | undefined
const servers = new Set<http.Server>()

beforeAll(async () => {
  pki = await createDirectoryPki(Date.now())
})
afterAll(() => pki.remove())

afterEach(async () => {
  vi.restoreAllMocks()
  await gateway?.close(0)
  for (const server of servers) await stop(server)
  await targets?.close()
})

async function stop(server: http.Server): Promise<void> {
  servers.delete(server)
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

async function start(name: string, port = 0): Promise<http.Server> {
  const server = http.createServer((incoming, outgoing) => {
    incoming.resume().on('end', () => outgoing.end(name))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  servers.add(server)
  return server
}

const portOf = (server: http.Server) => (server.address() as AddressInfo).port

async function startGateway(ports: readonly number[]): Promise<SetClock> {
  const clock = setClock()
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  const listener = await listenerOf({
    PLATFORM: 'nginx',
    HOP: 'network',
    MODE: 'off',
    CONNECTION_LOG: 'off',
    TARGET_GROUPS: JSON.stringify({ all: { targets: urls } }),
  })
  targets = createNodeTargets()
  const trustFiles = directoryTrustFiles(pki.directory)
  const app = createApp(
    listener,
    createPorts(listener, { trustFiles, clock, openTarget: targets.open }),
  )
  gateway = await startNodeServer({ app, host: '127.0.0.1', port: 0 })
  return clock
}

async function ask(method = 'GET', body?: string): Promise<string> {
  const init = body === undefined ? { method } : { method, body }
  const response = await fetch(gateway?.url ?? '', init)
  const text = await response.text()
  return response.ok ? text : String(response.status)
}

const times = async (count: number, each: () => Promise<string>): Promise<string> => {
  const all: string[] = []
  for (let index = 0; index < count; index += 1) all.push(await each())
  return all.join(' ')
}

describe('a group of targets behind a Node server', () => {
  test('a target that goes is not noticed by who asks, and it is asked again when it is back', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const [a, b] = [await start('a'), await start('b')]
    const port = portOf(a)
    const clock = await startGateway([port, portOf(b)])
    expect(await times(4, ask)).toBe('a b a b')
    await stop(a)
    expect(await times(4, ask)).toBe('b b b b')
    await start('a', port)
    expect(await times(2, ask)).toBe('b b')
    clock.advance(10_000)
    expect((await times(2, ask)).split(' ').toSorted()).toEqual(['a', 'b'])
  })

  test('what may not be repeated is told, and nobody gets it twice', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const [a, b] = [await start('a'), await start('b')]
    await startGateway([portOf(a), portOf(b)])
    await stop(a)
    expect(await times(3, () => ask('POST', 'kWh'))).toBe('502 b b')
  })
})

test('a service binding is no target here', () => {
  targets = createNodeTargets()
  const open = targets.open
  expect(() => open({ kind: 'binding', name: 'GREEN' })).toThrow('binding:GREEN needs a Worker')
})
