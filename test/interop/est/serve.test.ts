import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { openNodeRegistry } from '#edge/node/registry.ts'
import { runtimeClock, runtimeRandom } from '#edge/ports.ts'
import { fromBase64, toBase64, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { readCertsOnly } from '#shared/wire/certs-only.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createServerCredential, privateKeyPem } from '#simulator/ca/server-credential.ts'
import { dayMs } from '../../runtime/given.ts'
import { createCa, newKeys, newRequest } from './devices.ts'

/* `sallyport-serve` ends TLS itself and is killed: what it had issued it issues again, and nothing else. */

type Command = ChildProcessByStdio<null, null, Readable>

const noCurl = spawnSync('curl', ['--version'], { stdio: 'ignore' }).error !== undefined

vi.setConfig({ testTimeout: 60_000 })

const now = instantFromMs(Date.now())
const ca = await createCa('Fleet CA', now)
const folder = mkdtempSync(join(tmpdir(), 'sallyport-serve-'))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const dated = { notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs) }
const server = await createServerCredential(dated)
file('anchors.pem', ca.pem)
const files = {
  cert: file('server.pem', server.certPem),
  key: file('server.key', server.keyPem),
  trusted: file('server-ca.pem', server.caPem),
}
const directory = join(folder, 'registry')
const registry = openNodeRegistry({
  directory,
  clock: runtimeClock,
  random: runtimeRandom,
  verifier: createWebCryptoVerifier(),
})

let running: Command | undefined

afterEach(() => void running?.kill('SIGKILL'))
afterAll(() => {
  registry.close()
  rmSync(folder, { recursive: true })
})

const enrolment = {
  SALLYPORT_ENROLLMENT: JSON.stringify({
    cas: { fleet: { kind: 'key', certificates: ca.pem } },
    labels: { '': { ca: 'fleet', validity: '30d' } },
  }),
  SALLYPORT_ENROLLMENT_KEYS: JSON.stringify({ fleet: ca.pkcs8 }),
}

function serve(...more: readonly string[]): Command {
  const tls = ['--cert', files.cert, '--key', files.key, '--listen', '127.0.0.1:0']
  const args = ['edge/serve.ts', ...tls, '--trust', folder, ...more]
  running = spawn(process.execPath, args, {
    env: { ...process.env, ...enrolment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return running
}

/** The address it listens at, once it does; what it said before it ended otherwise. */
async function listening(child: Command): Promise<string> {
  let said = ''
  for await (const chunk of child.stderr.setEncoding('utf8')) {
    said += String(chunk)
    const [, port] = /listening on \S+:(\d+)\n/.exec(said) ?? []
    if (port !== undefined) return `https://localhost:${port}`
  }
  return said
}

async function posted(url: string, body: Bytes, ...args: readonly string[]): Promise<Bytes> {
  const sent = ['-H', 'Content-Type: application/pkcs10', '--data-binary', toBase64(body)]
  const child = spawn(
    'curl',
    [
      '--silent',
      '--cacert',
      files.trusted,
      ...sent,
      ...args,
      `${url}/.well-known/est/simpleenroll`,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  const read = readCertsOnly(fromBase64(text) ?? new Uint8Array())
  const [certificate] = read.ok ? read.value : []
  if (certificate === undefined) throw new Error(text)
  return certificate
}

test.skipIf(noCurl)(
  'enrols over its own TLS by a token, then by its certificate, and survives kill -9',
  async () => {
    const order = {
      device: 'car-1',
      quota: 1,
      classes: [],
      approval: 'automatic',
      forMs: dayMs,
    } as const
    const claim = await registry.makeClaim(order, 'a test')
    const user = ['--user', `car-1:${claim.ok ? claim.value.token : ''}`]
    const keys = await newKeys()
    const request = await newRequest({ subject: 'CN=car-1', keys })
    const first = serve('--registry', directory)
    const certificate = await posted(await listening(first), request, ...user)
    first.kill('SIGKILL')
    await once(first, 'close')
    const second = await listening(serve('--registry', directory))
    expect(await posted(second, request, ...user)).toEqual(certificate)
    const device = await registry.device('car-1')
    expect(device?.certificates).toHaveLength(1)
    const shown = [
      '--cert',
      file('car.pem', encodePem('CERTIFICATE', certificate)),
      '--key',
      file('car.key', privateKeyPem(keys.privateKey)),
    ]
    const renewed = await posted(second, await newRequest({ subject: 'CN=car-1' }), ...shown)
    expect(renewed).not.toEqual(certificate)
  },
)

test('ENROLLMENT without --registry is told, and nothing starts', async () => {
  const child = serve()
  const closed = once(child, 'close')
  expect(await listening(child)).toContain('--registry')
  expect(await closed).toEqual([2, null])
})
