import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Hono } from 'hono'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { openDirectory } from '#edge/control/directory.ts'
import { serveControlPlane, type NodeControl } from '#edge/node/control.ts'
import { clientCertificate, type DeviceEnv } from '#edge/hono.ts'
import { followedOf } from '#edge/node/followed.ts'
import { cloudflarePlatform } from '#edge/platforms/cloudflare.ts'
import { runtimeClock, runtimeRandom } from '#edge/ports.ts'
import { nodeSql } from '#edge/sqlite/node-sql.ts'
import { followedTrustStore, type FollowOptions } from '#edge/trust-stores/followed.ts'
import { toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs } from '#shared/time.ts'
import { defaultLimits } from '#shared/trust-store/trust-store.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import {
  answered,
  connected,
  createDirectoryPki,
  deviceOptions,
  valueOf,
  type DirectoryPki,
} from '../../runtime/directory-pki.ts'
import { cfOf, chainOf, dayMs } from '../../runtime/given.ts'

// A gateway takes a second to start, and longer where much runs beside it.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

let pki: DirectoryPki
let control: NodeControl | undefined
const processes: ChildProcess[] = []

const inside = (name: string): string => join(pki.directory, name)

beforeAll(async () => {
  pki = await createDirectoryPki(Date.now())
  await pki.put('server.crt', toUtf8(pki.server.certPem))
  await pki.put('server.key', toUtf8(pki.server.keyPem))
})
afterAll(async () => {
  await pki.remove()
})
afterEach(async () => {
  for (const each of processes.splice(0)) each.kill('SIGKILL')
  await control?.close(0)
  control = undefined
})

const tokenOf = async (file: string): Promise<string> =>
  (await readFile(inside(join('control', file)), 'utf8')).trim()

async function ask(path: string, body: Bytes | object): Promise<Readonly<Record<string, unknown>>> {
  const isOctets = body instanceof Uint8Array
  const response = await fetch(`${control?.url ?? ''}/api/v1/${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await tokenOf('admin.token')}`,
      'content-type': isOctets ? 'application/octet-stream' : 'application/json',
    },
    body: isOctets ? new Uint8Array(body) : JSON.stringify(body),
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Readonly<Record<string, unknown>>
}

const stored = async (text: string): Promise<unknown> => (await ask('files', toUtf8(text)))['file']

async function makeCars(): Promise<void> {
  const { anchorsPem, intermediatesPem } = pki.authority
  await ask('trust-stores', { name: 'cars', bundle: await stored(anchorsPem) })
  const file = await stored(intermediatesPem)
  await ask('trust-stores/cars/changes', { kind: 'replace_intermediates', file })
  for (const { der } of await pki.authority.crls(instantFromMs(Date.now()), dayMs)) {
    const { file: list } = await ask('files', der)
    await ask('trust-stores/cars/changes', { kind: 'add_lists', lists: [{ file: list }] })
  }
}

function revoke({ chainPem, serial }: DeviceCredential): Promise<unknown> {
  const [leaf] = valueOf(decodePem(chainPem, 'CERTIFICATE'))
  const { issuer } = valueOf(parseCertificate(leaf ?? new Uint8Array()))
  const serials = [{ issuer: toBase64(issuer), serial }]
  return ask('trust-stores/cars/changes', { kind: 'revoke_serials', serials })
}

type Gateway = ChildProcessByStdio<null, null, Readable>

function startGateway(variables: Readonly<Record<string, string>>): Gateway {
  const args = ['--cert', inside('server.crt'), '--key', inside('server.key')]
  const child = spawn(process.execPath, ['edge/serve.ts', ...args, '--listen', '127.0.0.1:0'], {
    env: { ...process.env, SALLYPORT_CONNECTION_LOG: 'off', ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  processes.push(child)
  return child
}

async function portOf(child: Gateway): Promise<number> {
  let said = ''
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    const [, port] = /listening on \S+:(\d+)\n/.exec(said) ?? []
    if (port !== undefined) return Number(port)
  }
  throw new Error(`it does not listen: ${said}`)
}

async function statusOf(port: number, device: DeviceCredential): Promise<number> {
  const connection = await connected(deviceOptions(pki, { port }, device))
  const { status } = await answered(connection)
  await connection.close()
  return status
}

/** Asks until the answer is another; the test's own time is the bound. */
async function statusAfter(
  port: number,
  device: DeviceCredential,
  before: number,
): Promise<number> {
  for (;;) {
    const status = await statusOf(port, device)
    if (status !== before) return status
  }
}

test('a gateway follows a control plane: who is revoked is refused, and while it is away the last word holds', async () => {
  const directory = inside('control')
  control = await serveControlPlane({ directory, host: '127.0.0.1', port: 0 })
  await makeCars()
  const [first, second] = [await pki.issue('car-1'), await pki.issue('car-2')]
  const gateway = startGateway({
    SALLYPORT_TRUST_STORE: 'cars',
    SALLYPORT_TRUST_STORE_URL: control.url,
    SALLYPORT_TRUST_STORE_TOKEN: await tokenOf('read.token'),
    SALLYPORT_MAX_STALENESS: '1s',
  })
  const port = await portOf(gateway)
  expect([await statusOf(port, first), await statusOf(port, second)]).toEqual([200, 200])
  await revoke(first)
  expect(await statusAfter(port, first, 200)).toBe(403)
  expect(await statusOf(port, second)).toBe(200)

  const { port: controlPort } = new URL(control.url)
  await control.close(0)
  expect([await statusOf(port, first), await statusOf(port, second)]).toEqual([403, 200])
  control = await serveControlPlane({ directory, host: '127.0.0.1', port: Number(controlPort) })
  expect(control.isNew).toBe(false)
  await revoke(second)
  expect(await statusAfter(port, second, 200)).toBe(403)
})

/** Writes to the control plane's directory beside it: its ELBv2 API is tested where it is. */
async function withAccount<T>(
  act: (account: ReturnType<typeof openDirectory>) => T | Promise<T>,
): Promise<T> {
  const sql = nodeSql(join(inside('control'), 'directory.sqlite'))
  try {
    const given = { sql, clock: runtimeClock, random: runtimeRandom, storesMax: 100 }
    return await act(openDirectory(given))
  } finally {
    sql.close()
  }
}

/** The store `cars`, made by whichever test comes first. */
async function keepCars(): Promise<void> {
  if (!(await withAccount((account) => account.byName('cars')))) await makeCars()
}

test('a gateway follows a listener: mode and trust store are its word, obeyed without a restart', async () => {
  control = await serveControlPlane({ directory: inside('control'), host: '127.0.0.1', port: 0 })
  const { url } = control
  await keepCars()
  const device = await pki.issue('car-3')
  const listener = {
    balancer: 'app/fleet/50dc6c495c0c9188',
    port: 443,
    ...({ mode: 'off', ignoreExpiry: false, renamed: {}, kept: '{}' } as const),
    trustStore: undefined,
  }
  const { id } = valueOf(await withAccount((account) => account.addListener(listener)))
  const port = await portOf(
    startGateway({
      SALLYPORT_LISTENER: 'fleet:443',
      SALLYPORT_TRUST_STORE_URL: url,
      SALLYPORT_TRUST_STORE_TOKEN: await tokenOf('read.token'),
      SALLYPORT_MAX_STALENESS: '1s',
    }),
  )
  const anybody = async (): Promise<number> => {
    const connection = await connected(deviceOptions(pki, { port }))
    const { status } = await answered(connection)
    await connection.close()
    return status
  }
  const until = async (wanted: number): Promise<void> => {
    while ((await anybody()) !== wanted);
  }
  expect(await anybody()).toBe(200)
  const verify = { mode: 'verify', trustStore: 'cars' } as const
  await withAccount((account) => valueOf(account.changeListener(id, verify)))
  await until(401)
  expect(await statusOf(port, device)).toBe(200)
  await revoke(device)
  expect(await statusAfter(port, device, 200)).toBe(403)
  await withAccount((account) => valueOf(account.removeListener(id)))
  await until(503)
})

test.each([
  [
    'a listener and a store',
    { SALLYPORT_LISTENER: 'fleet:443', SALLYPORT_TRUST_STORE: 'cars', SALLYPORT_MODE: 'off' },
    'MODE, TRUST_STORE: LISTENER says it already',
  ],
  ['a listener that is not there', { SALLYPORT_LISTENER: 'none:1' }, 'gave no listener none:1'],
] as const)('a listener that cannot be followed: %s', async (_name, variables, because) => {
  control = await serveControlPlane({ directory: inside('control'), host: '127.0.0.1', port: 0 })
  const gateway = startGateway({
    SALLYPORT_TRUST_STORE_URL: control.url,
    SALLYPORT_TRUST_STORE_TOKEN: await tokenOf('read.token'),
    ...variables,
  })
  let said = ''
  gateway.stderr.on('data', (chunk: Buffer) => (said += String(chunk)))
  expect(await once(gateway, 'close')).toEqual([2, null])
  expect(said).toContain(because)
})

test.each([
  ['a listener alone', { SALLYPORT_LISTENER: 'fleet:443' }, 'go together'],
  ['half of the variables', { SALLYPORT_TRUST_STORE: 'cars' }, 'go together'],
  ['neither a directory nor a store', {}, 'expected --trust <dir>'],
  [
    'an address that tokens must not go to',
    {
      SALLYPORT_TRUST_STORE: 'cars',
      SALLYPORT_TRUST_STORE_URL: 'http://control.example',
      SALLYPORT_TRUST_STORE_TOKEN: 'secret-token',
    },
    'TRUST_STORE_URL: expected an https URL',
  ],
])('settings that cannot be used: %s', async (_name, variables, because) => {
  const gateway = startGateway(variables)
  let said = ''
  gateway.stderr.on('data', (chunk: Buffer) => (said += String(chunk)))
  expect(await once(gateway, 'close')).toEqual([2, null])
  expect(said).toContain(because)
  expect(said).not.toContain('secret-token')
})

/** An app of somebody's own that follows the store `cars`. */
async function ownApp(options: Partial<FollowOptions> = {}): Promise<Hono<DeviceEnv>> {
  const token = await tokenOf('read.token')
  const openTrustStore = followedTrustStore({
    url: control?.url ?? '',
    name: 'cars',
    token,
    ...options,
  })
  const app = new Hono<DeviceEnv>()
  app.use(
    clientCertificate({ platform: cloudflarePlatform(), openTrustStore, maxStalenessMs: 1000 }),
  )
  app.get('*', (context) => context.text('within'))
  return app
}

test('an app of somebody’s own follows it as well', async () => {
  control = await serveControlPlane({ directory: inside('control'), host: '127.0.0.1', port: 0 })
  await keepCars()
  const device = await pki.issue('car-9')
  const app = await ownApp()
  const knock = async (): Promise<number> => {
    const request = new Request('https://edge.example/')
    const cf = cfOf(...chainOf(device))
    return (await app.fetch(Object.defineProperty(request, 'cf', { value: cf }))).status
  }
  expect(await knock()).toBe(200)
  await revoke(device)
  // The test's own time is the bound.
  for (;;) if ((await knock()) === 403) break
})

test('a token that the control plane does not know: nobody is let in, and why is told once', async () => {
  const directory = inside('control')
  control = await serveControlPlane({ directory, host: '127.0.0.1', port: 0 })
  const told: string[] = []
  const app = await ownApp({ token: 'tell-no-one', report: (sentence) => void told.push(sentence) })
  expect((await app.request('https://edge.example/')).status).toBe(503)
  expect(told).toEqual([expect.stringContaining('it does not know the token')])
  expect(told.join('')).not.toContain('tell-no-one')
})

test.each([
  ['an address that tokens must not go to', { url: 'http://control.example' }, 'url: expected'],
  ['a staleness that no network keeps', { maxStalenessMs: 999 }, 'maxStalenessMs: expected 1s'],
])('what a library’s user is told: %s', (_name, changed, because) => {
  const given = { url: 'https://control.example', maxStalenessMs: 1000, ...changed }
  const open = () =>
    followedTrustStore({ url: given.url, name: 'cars', token: 't' })({
      limits: defaultLimits,
      maxStalenessMs: given.maxStalenessMs,
    })
  expect(open).toThrow(because)
})

test('a staleness that no network keeps is refused', () => {
  const open = followedOf(
    { TRUST_STORE: 'cars', TRUST_STORE_URL: 'https://control.example', TRUST_STORE_TOKEN: 't' },
    () => undefined,
  )
  expect(() => open?.({ limits: defaultLimits, maxStalenessMs: 0 })).toThrow('expected 1s at least')
})
