import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import http, { type ServerResponse } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { toUtf8 } from '#shared/bytes.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import {
  answered,
  connected,
  createDirectoryPki,
  deviceOptions,
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

test('behind a proxy: plain HTTP, with the hop from the environment', async () => {
  const secret = 's'.repeat(32)
  const args = ['--trust', pki.directory, '--listen', '127.0.0.1:0', '--platform', 'nginx']
  const variables = { SALLYPORT_HOP: 'secret', SALLYPORT_HOP_SECRET: secret }
  const { url } = await listening(command(args, variables))
  expect((await fetch(url)).status).toBe(421)
  expect((await fetch(url, { headers: { 'x-sallyport-hop': secret } })).status).toBe(401)
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
      said: '--platform is needed',
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
