import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { on, once } from 'node:events'
import http, { type ServerResponse } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { toUtf8 } from '#shared/bytes.ts'
import { startBroker } from '#simulator/engine/broker.ts'
import { connectMqtt } from '#simulator/engine/client/mqtt-client.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { noOpenssl } from '../installed.ts'
import {
  answered,
  connected,
  createDirectoryPki,
  deviceOptions,
  valueOf,
  type DirectoryPki,
} from '../runtime/directory-pki.ts'

type Command = ChildProcessByStdio<null, Readable, Readable>

// A command takes a second to start, and longer where much runs beside it.
vi.setConfig({ testTimeout: 60_000 })

let pki: DirectoryPki
let device: DeviceCredential
let running: Command | undefined

beforeAll(async () => {
  pki = await createDirectoryPki(Date.now())
  device = await pki.issue('car-served')
  await pki.put('server.crt', toUtf8(pki.server.certPem))
  await pki.put('server.key', toUtf8(pki.server.keyPem))
})
afterAll(() => pki.remove())
afterEach(() => {
  running?.kill('SIGKILL')
  running = undefined
})

const inside = (name: string): string => join(pki.directory, name)

function command(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Command {
  const env = { ...process.env, ...variables }
  running = spawn(process.execPath, ['edge/serve.ts', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return running
}

const credential = () => ['--cert', inside('server.crt'), '--key', inside('server.key')]
const usual = () => [...credential(), '--trust', pki.directory, '--listen', '127.0.0.1:0']

/** Waits until the command listens. */
async function listening(child: Command): Promise<{ url: string; port: number }> {
  let said = ''
  for await (const chunk of child.stderr) {
    said += String(chunk)
    const [, url] = /listening on (\S+)\n/.exec(said) ?? []
    if (url !== undefined) return { url, port: Number(new URL(url).port) }
  }
  throw new Error(`it does not listen: ${said}`)
}

async function failure(child: Command): Promise<{ status: number; said: string }> {
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += String(chunk)))
  const [status] = (await once(child, 'close')) as [number]
  return { status, said }
}

test('ends mutual TLS, asks the trust store and logs; SIGTERM drains', async () => {
  const held: ServerResponse[] = []
  const arrived = Promise.withResolvers<void>()
  const target = http.createServer((_incoming, outgoing) => {
    held.push(outgoing)
    arrived.resolve()
  })
  target.listen(0, '127.0.0.1')
  await once(target, 'listening')
  const { port: targetPort } = target.address() as AddressInfo
  const child = command([...usual(), '--target', `http://127.0.0.1:${targetPort}`])
  let log = ''
  child.stdout.on('data', (chunk: Buffer) => (log += String(chunk)))
  const { port } = await listening(child)
  const none = await connected(deviceOptions(pki, { port }))
  expect((await answered(none)).status).toBe(401)
  await none.close()
  const connection = await connected(deviceOptions(pki, { port }, device))
  const underWay = answered(connection)
  await arrived.promise
  child.kill('SIGTERM')
  const ended = once(child, 'close')
  held[0]?.end('from the target')
  expect(await underWay).toMatchObject({ status: 200, body: 'from the target' })
  expect(await ended).toEqual([0, null])
  expect(log).toContain('"code":"no_certificate"')
  expect(log).toContain('"outcome":"accepted"')
  await connection.close()
  target.close()
})

test('a log that nobody takes ends it, in order and in words', async () => {
  const child = command(usual())
  const said = failure(child)
  const { port } = await listeningOn(child)
  child.stdout.destroy()
  const none = await connected(deviceOptions(pki, { port }))
  expect((await answered(none)).status).toBe(401)
  await none.close()
  const ended = await said
  expect(ended.said).toContain('sallyport-serve: the connection log cannot be written: write EPIPE')
  expect(ended.said).not.toContain('node:events')
  expect(ended.status).toBe(2)
})

/** As `listening`, for whoever reads on what is said. */
async function listeningOn(child: Command): Promise<{ port: number }> {
  let said = ''
  for await (const [chunk] of on(child.stderr, 'data')) {
    said += String(chunk)
    const [, url] = /listening on (\S+)\n/.exec(said) ?? []
    if (url !== undefined) return { port: Number(new URL(url).port) }
  }
  throw new Error(`it does not listen: ${said}`)
}

/** Everything that a command says from now on, until it has said this. */
async function says(child: Command, word: string): Promise<void> {
  let said = ''
  for await (const chunk of on(child.stderr, 'data')) {
    said += String(chunk)
    if (said.includes(word)) return
  }
}

/** Starts the command and hears it to its end from where it listens on. */
async function served(...args: readonly string[]): Promise<{ child: Command; port: number }> {
  const child = command([...usual(), ...args], { SALLYPORT_MAX_STALENESS: '0s' })
  const said = on(child.stderr, 'data')
  let text = ''
  for await (const chunk of said) {
    text += String(chunk)
    const [, port] = /listening on \S+:(\d+)\n/.exec(text) ?? []
    if (port !== undefined) return { child, port: Number(port) }
  }
  throw new Error('it does not listen')
}

test('SIGHUP: another certificate for new connections; one that is none is told, and the one before stays', async () => {
  const { child, port } = await served()
  const held = await connected(deviceOptions(pki, { port }, device))
  const another = await createDirectoryPki(Date.now())
  const { server } = another
  await another.remove()
  await pki.put('server.key', toUtf8(server.keyPem))
  child.kill('SIGHUP')
  await says(child, 'SIGHUP: the certificate stays: the certificate and its key cannot be used')
  await pki.put('server.crt', toUtf8(server.certPem))
  child.kill('SIGHUP')
  await says(child, 'SIGHUP: the certificate was read again')
  const fresh = await connected({ ...deviceOptions(pki, { port }, device), caPem: server.caPem })
  expect([(await answered(held)).status, (await answered(fresh)).status]).toEqual([200, 200])
  await Promise.all([held.close(), fresh.close()])
  await pki.put('server.crt', toUtf8(pki.server.certPem))
  await pki.put('server.key', toUtf8(pki.server.keyPem))
})

test('SIGKILL in the middle of a request: the next process on that port serves, and remembers who is revoked', async () => {
  const target = http.createServer(() => first.kill('SIGKILL')).listen(0, '127.0.0.1')
  await once(target, 'listening')
  const { port: targetPort } = target.address() as AddressInfo
  const { child: first, port } = await served('--target', `http://127.0.0.1:${targetPort}`)
  const lost = await connected(deviceOptions(pki, { port }, device))
  expect(await lost.request({ method: 'GET', path: '/' })).toMatchObject({
    ok: false,
    error: { kind: 'connection_closed' },
  })
  const revoked = await pki.issue('car-revoked-between')
  await pki.revoke(revoked)
  await served('--listen', `127.0.0.1:${port}`)
  const statuses = []
  for (const each of [device, revoked]) {
    const connection = await connected(deviceOptions(pki, { port }, each))
    statuses.push((await answered(connection)).status)
    await connection.close()
  }
  expect(statuses).toEqual([200, 403])
  await lost.close()
  target.close()
})

test('--broker: an idle MQTT session is cut when its certificate is revoked', async () => {
  const broker = await startBroker()
  const { port } = await served('--broker', `127.0.0.1:${broker.port}`)
  const meter = await pki.issue('meter-idle')
  const options = { ...deviceOptions(pki, { port }, meter), clientId: 'meter-idle' }
  const session = valueOf(await connectMqtt(options))
  valueOf(await session.publish('meters', 'hello'))
  await pki.revoke(meter)
  const cut = { kind: 'refused', code: 'revoked', by: { closeCode: 4403 } }
  expect(await session.ended).toEqual(cut)
  await broker.close()
})

test.skipIf(noOpenssl)('--advertise-ca-names and --tls-policy, as OpenSSL sees them', async () => {
  const policy = ['--tls-policy', 'ELBSecurityPolicy-TLS13-1-3-2021-06']
  const { port } = await served('--advertise-ca-names', 'on', ...policy)
  const at = ['s_client', '-connect', `127.0.0.1:${port}`]
  const { stdout } = spawnSync('openssl', at, { input: '', encoding: 'utf8' })
  expect(stdout).toContain('Acceptable client certificate CA names')
  expect(stdout).toContain('TLSv1.3')
  expect(spawnSync('openssl', [...at, '-tls1_2'], { input: '' }).status).not.toBe(0)
})

test('behind a proxy: plain HTTP, with the hop from the environment', async () => {
  const secret = 's'.repeat(32)
  const args = ['--trust', pki.directory, '--listen', '127.0.0.1:0', '--platform', 'nginx']
  const variables = { SALLYPORT_HOP: 'secret', SALLYPORT_HOP_SECRET: secret }
  const { url } = await listening(command(args, variables))
  expect((await fetch(url)).status).toBe(421)
  expect((await fetch(url, { headers: { 'x-sallyport-hop': secret } })).status).toBe(401)
})

test('a variable that nobody reads is told by its name, and those that are read are not', async () => {
  const variables = { SALLYPORT_AUTHORIZATON: '[]', SALLYPORT_CONNECTION_LOG: 'off' }
  const child = command(usual(), variables)
  let told = ''
  child.stderr.on('data', (chunk: Buffer) => (told += String(chunk)))
  await listening(child)
  expect(told).toContain('SALLYPORT_AUTHORIZATON is no variable of sallyport-serve')
  expect(told).not.toContain('SALLYPORT_CONNECTION_LOG')
})

test('--help tells everything and ends well', async () => {
  const child = command(['--help'])
  let help = ''
  child.stdout.on('data', (chunk: Buffer) => (help += String(chunk)))
  expect(await once(child, 'close')).toEqual([0, null])
  for (const word of ['--trust', '--listen', '--cert', '--target', 'SALLYPORT_', 'Exit status']) {
    expect(help).toContain(word)
  }
})

describe('what cannot be used is told, with status 2', () => {
  const cases: readonly { name: string; args: () => string[]; said: string }[] = [
    { name: 'no trust store', args: () => credential(), said: '--trust' },
    {
      name: 'a key that cannot be read',
      args: () => ['--trust', pki.directory, '--cert', inside('server.crt'), '--key', inside('no')],
      said: '/no cannot be read: ',
    },
    {
      name: 'a key that is none',
      args: () => [...usual(), '--key', inside('anchors.pem')],
      said: 'the certificate and its key cannot be used',
    },
    {
      name: 'a certificate alone',
      args: () => ['--trust', pki.directory, '--cert', inside('server.crt')],
      said: '--cert and --key go together',
    },
    {
      name: 'a directory that is no trust store',
      args: () => [...usual(), '--trust', inside('crl')],
      said: '/crl is no trust store',
    },
    {
      name: 'no word on who ends TLS',
      args: () => ['--trust', pki.directory],
      said: '--platform <name>',
    },
    {
      name: "Node's TLS without a certificate",
      args: () => ['--trust', pki.directory, '--platform', 'node-tls'],
      said: 'node-tls needs --cert and --key',
    },
    {
      name: 'a platform of headers without a hop',
      args: () => ['--trust', pki.directory, '--platform', 'nginx'],
      said: 'HOP: expected ',
    },
    { name: 'no port', args: () => [...usual(), '--listen', 'localhost'], said: 'and a port' },
    { name: 'no URL', args: () => [...usual(), '--target', 'origin:80'], said: 'an http: or' },
    {
      name: 'no TLS policy',
      args: () => [...usual(), '--tls-policy', 'ELBSecurityPolicy-2016-08'],
      said: 'Allowed choices are ELBSecurityPolicy-TLS13-1-3-2021-06, ',
    },
    {
      name: 'a TLS policy for TLS that ends elsewhere',
      args: () =>
        ['--trust', pki.directory, '--platform', 'nginx'].concat([
          '--tls-policy',
          'ELBSecurityPolicy-TLS13-1-3-2021-06',
        ]),
      said: '--tls-policy and --advertise-ca-names need --cert and --key',
    },
    { name: 'no broker', args: () => [...usual(), '--broker', 'broker'], said: 'and a port' },
    { name: 'no room', args: () => [...usual(), '--max-connections', '0'], said: '1 at least' },
    { name: 'no word', args: () => [...usual(), '--resumption', 'x'], said: 'never or allowed' },
  ]

  test.each(cases)('$name', async ({ args, said }) => {
    expect(await failure(command(args()))).toEqual({
      status: 2,
      said: expect.stringContaining(said) as string,
    })
  })

  test('a port in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const { status, said } = await failure(command([...usual(), '--listen', `127.0.0.1:${port}`]))
    expect([status, said]).toEqual([
      2,
      expect.stringContaining(`port ${port} on 127.0.0.1 is in use`),
    ])
    taken.close()
  })
})
