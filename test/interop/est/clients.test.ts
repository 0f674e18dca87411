import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { toBase64, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { decodePem, encodePem } from '#shared/wire/pem.ts'
import { createServerCredential, privateKeyPem } from '#simulator/ca/server-credential.ts'
import { noOpenssl } from '../../installed.ts'
import { dayMs } from '../../runtime/given.ts'
import {
  freePort,
  programOf,
  startTerminator,
  terminators,
  writeSite,
} from '../proxies/terminators.ts'
import { createCa, factoryCertificate, newKeys, newRequest } from './devices.ts'
import type { EdgeUnderTest } from './edge-under-test.ts'
import { startNodeEdge } from './node-edge.ts'
import { startWorkerEdge } from './worker-edge.ts'

/*
 * Real EST clients over real TLS: nginx ends it, the edge answers behind. Skipped by name where a
 * program is missing. The dates are the machine's: these clients know no other.
 */

const [nginx] = terminators
if (nginx === undefined) throw new RangeError('nginx is the first of the terminators')
const nginxProgram = programOf(nginx)
const isMissing = (program: string): boolean =>
  spawnSync(program, ['--help'], { stdio: 'ignore' }).error !== undefined
const noNginx = nginxProgram === undefined
const noPki = noNginx || isMissing('pki')
const noCurl = noNginx || noOpenssl || isMissing('curl')

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const now = instantFromMs(Date.now())
const ca = await createCa('Fleet CA', now)
const factory = await createCa('Factory CA', now)

/** Of the runtime whose turn it is. */
let folder = ''
let url = ''
let edge: EdgeUnderTest
let proxy: ChildProcess | undefined

const file = (name: string): string => join(folder, name)

const enrolment = {
  retryAfter: '1s',
  cas: { fleet: { kind: 'key', certificates: ca.pem } },
  labels: { '': { ca: 'fleet', factories: factory.pem, factoryCrlAbsent: 'accept' } },
}

async function start(startEdge: typeof startWorkerEdge): Promise<void> {
  if (nginx === undefined || nginxProgram === undefined) return
  folder = mkdtempSync(join(tmpdir(), 'sallyport-est-'))
  edge = await startEdge({
    anchors: ca.pem,
    variables: {
      PLATFORM: 'nginx',
      HOP: 'network',
      CERT_HEADER: 'X-SSL-Client-Cert',
      VERIFY_HEADER: 'X-SSL-Client-Verify',
      ENROLLMENT: JSON.stringify(enrolment),
      ENROLLMENT_KEYS: JSON.stringify({ fleet: ca.pkcs8 }),
    },
  })
  const validity = { notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs) }
  const server = await createServerCredential(validity)
  writeSite(folder, { ...server, anchorsPem: ca.pem })
  writeFileSync(file('server-ca.pem'), server.caPem)
  writeFileSync(file('ca.pem'), ca.pem)
  const port = await freePort()
  const site = { folder, port, upstreamPort: edge.port, program: nginxProgram } as const
  proxy = await startTerminator(nginx, { ...site, clients: 'all' })
  url = `https://localhost:${port}`
}

async function stop(): Promise<void> {
  if (proxy === undefined) return
  const exit = once(proxy, 'exit')
  proxy.kill()
  await exit
  proxy = undefined
  await edge.close()
  rmSync(folder, { recursive: true })
}

/** A token for one device. */
async function claim(device: string, approval: 'automatic' | 'manual' = 'automatic') {
  const order = { device, quota: 1, classes: [], approval, forMs: dayMs }
  const made = await edge.registry.makeClaim(order, 'a test')
  if (!made.ok || made.value.token === undefined) throw new Error('a token')
  return made.value.token
}

interface Ran {
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Not `spawnSync`: an edge is in this process. */
async function run(program: string, ...args: readonly string[]): Promise<Ran> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout: Buffer.concat(out), stderr }
}

/** What it printed; throws with what it said where it failed. */
function succeeded({ status, stdout, stderr }: Ran): Buffer {
  if (status !== 0) throw new Error(`${status}: ${stdout.toString()} ${stderr}`)
  return stdout
}

function isVerified(name: string): boolean {
  const under = ['-x509_strict', '-purpose', 'sslclient', '-CAfile', file('ca.pem')]
  return spawnSync('openssl', ['verify', ...under, file(name)]).status === 0
}

/** A key and a request, made by strongSwan itself. */
async function makeWithPki(name: string, device: string): Promise<void> {
  const kind = ['--type', 'ecdsa', '--size', '256', '--outform', 'pem']
  writeFileSync(file(`${name}.key`), succeeded(await run('pki', '--gen', ...kind)))
  const from = ['--in', file(`${name}.key`), '--type', 'ecdsa', '--dn', `CN=${device}`]
  writeFileSync(file(`${name}.csr`), succeeded(await run('pki', '--req', ...from)))
}

/** `pki --est`: what it is issued comes into a file of the name. */
async function enrolWithPki(name: string, ...credential: readonly string[]): Promise<Ran> {
  const trust = ['--cacert', file('server-ca.pem'), '--cacert', file('ca.pem')]
  const asked = ['--url', url, '--in', file(`${name}.csr`), '--outform', 'pem']
  const ran = await run('pki', '--est', ...asked, ...trust, ...credential)
  writeFileSync(file(`${name}.pem`), ran.stdout)
  return ran
}

const curl = (path: string, ...args: readonly string[]): Promise<Ran> =>
  run('curl', '--silent', '--cacert', file('server-ca.pem'), ...args, `${url}${path}`)

const est = (operation: string, ...args: readonly string[]): Promise<Ran> =>
  curl(`/.well-known/est/${operation}`, ...args)

/** In lines, as `openssl base64` writes it. */
function posted(operation: string, body: Bytes, ...args: readonly string[]): Promise<Ran> {
  writeFileSync(file('body.b64'), toBase64(body).replaceAll(/.{64}/g, '$&\n'))
  const sent = ['-H', 'Content-Type: application/pkcs10', '--data-binary', `@${file('body.b64')}`]
  return est(operation, '--fail-with-body', ...sent, ...args)
}

const unwrapped = (stdout: Buffer): Buffer =>
  spawnSync('openssl', ['base64', '-d', '-A'], { input: stdout }).stdout

/** What `openssl pkcs7` reads in an answer. */
function certificatesIn(stdout: Buffer): Bytes[] {
  const args = ['pkcs7', '-inform', 'DER', '-print_certs']
  const pem = spawnSync('openssl', args, { input: unwrapped(stdout), encoding: 'utf8' }).stdout
  const ders = decodePem(pem, 'CERTIFICATE')
  return ders.ok ? ders.value : []
}

/** The one certificate of an answer. */
function certificateIn(ran: Ran): Bytes {
  const [certificate, ...more] = certificatesIn(succeeded(ran))
  if (certificate === undefined || more.length > 0) throw new Error('exactly one certificate')
  return certificate
}

type KeyPair = Awaited<ReturnType<typeof newKeys>>

/** What curl shows in the handshake. */
function shown(name: string, certificate: Bytes, keys: KeyPair): readonly string[] {
  writeFileSync(file(`${name}.pem`), encodePem('CERTIFICATE', certificate))
  writeFileSync(file(`${name}.key`), privateKeyPem(keys.privateKey))
  return ['--cert', file(`${name}.pem`), '--key', file(`${name}.key`)]
}

/** Production's own clock is in the Worker: there a certificate expires when it does. */
const edges = [
  { runtime: 'Node', startEdge: startNodeEdge, daysAgo: [100] },
  { runtime: 'workerd', startEdge: startWorkerEdge, daysAgo: [] },
] as const

describe.each(edges)('behind nginx, on $runtime', ({ startEdge, daysAgo }) => {
  beforeAll(() => start(startEdge))
  afterAll(stop)

  describe.skipIf(noPki)('strongSwan', () => {
    test('pki --estca', async () => {
      const written = ['--caout', file('ca-of-est.pem'), '--outform', 'pem', '--force']
      const trust = ['--cacert', file('server-ca.pem')]
      succeeded(await run('pki', '--estca', '--url', url, ...trust, ...written))
      const der = decodePem(readFileSync(file('ca-of-est.pem'), 'utf8'), 'CERTIFICATE')
      expect(der).toEqual({ ok: true, value: [ca.der] })
    })

    test('pki --est: enrol by a token, then re-enrol with the certificate and a new key', async () => {
      await makeWithPki('first', 'car-1')
      const first = await enrolWithPki('first', '--userpass', `car-1:${await claim('car-1')}`)
      succeeded(first)
      expect(first.stderr).toContain('Issued certificate is trusted')
      await makeWithPki('second', 'car-1')
      const own = ['--cert', file('first.pem'), '--key', file('first.key')]
      succeeded(await enrolWithPki('second', ...own))
      expect([isVerified('first.pem'), isVerified('second.pem')]).toEqual([true, true])
      const device = await edge.registry.device('car-1')
      expect(device?.certificates).toHaveLength(2)
    })

    test('pki --est: waits through 202 until it is approved', async () => {
      await makeWithPki('waiting', 'car-2')
      const user = ['--userpass', `car-2:${await claim('car-2', 'manual')}`]
      const polling = enrolWithPki('waiting', ...user, '--interval', '1', '--maxpolltime', '30')
      await vi.waitUntil(async () => (await edge.registry.device('car-2')) !== undefined, 20_000)
      await edge.registry.setStatus('car-2', 'active', 'a test', 'it is ours')
      succeeded(await polling)
      expect(isVerified('waiting.pem')).toBe(true)
    })

    test('pki --est: a token is good once', async () => {
      await makeWithPki('third', 'car-3')
      const user = ['--userpass', `car-3:${await claim('car-3')}`]
      succeeded(await enrolWithPki('third', ...user))
      await makeWithPki('thief', 'car-3')
      const thief = await enrolWithPki('thief', ...user)
      expect(thief.status).not.toBe(0)
      expect(thief.stderr).toContain('HTTP 401')
    })
  })

  describe.skipIf(noCurl)('curl and openssl', () => {
    test('cacerts: openssl pkcs7 reads them; the answer has its length', async () => {
      const { stdout } = await est('cacerts', '--include')
      const [head = '', body = ''] = stdout.toString().split('\r\n\r\n')
      expect(head).toMatch(/^content-length: \d+$/im)
      expect(certificatesIn(Buffer.from(body))).toEqual([ca.der])
    })

    test('csrattrs: openssl asn1parse reads the curve', async () => {
      const input = unwrapped(succeeded(await est('csrattrs')))
      const args = ['asn1parse', '-inform', 'DER']
      const printed = spawnSync('openssl', args, { input, encoding: 'utf8' }).stdout
      expect(printed).toMatch(/id-ecPublicKey[\s\S]*prime256v1[\s\S]*ecdsa-with-SHA256/)
    })

    test('a first certificate by the factory’s, over mutual TLS', async () => {
      const { nonce } = await edge.registry.challenge()
      const verification = await factoryCertificate(factory, `CN=${nonce}`, await newKeys(), now)
      const registered = await edge.registry.registerAuthority(
        { certificate: factory.der, verification },
        { approval: 'automatic', firstConnection: 'refuse', classes: [] },
        'a test',
      )
      expect(registered.ok).toBe(true)
      const keys = await newKeys()
      const idevid = await factoryCertificate(factory, 'CN=meter-1', keys, now)
      const request = await newRequest({ subject: 'CN=meter-1' })
      const ran = await posted('simpleenroll', request, ...shown('idevid', idevid, keys))
      expect(certificateIn(ran)).toBeInstanceOf(Uint8Array)
    })

    test.each(daysAgo)(
      'a certificate of %i days ago has expired: it renews itself through nginx, and enrols nothing',
      async (days) => {
        const keys = await newKeys()
        edge.setNow?.(shift(now, -days * dayMs))
        const user = ['--user', `garage-2:${await claim('garage-2')}`]
        const request = await newRequest({ subject: 'CN=garage-2', keys })
        const expired = certificateIn(await posted('simpleenroll', request, ...user))
        edge.setNow?.(instantFromMs(Date.now()))
        const own = shown('expired', expired, keys)
        const again = await newRequest({ subject: 'CN=garage-2' })
        const refused = await posted('simpleenroll', again, ...own)
        expect(refused.stdout.toString()).toMatch(/^expired: /)
        const renewed = await posted('simplereenroll', again, ...own)
        expect(certificateIn(renewed)).not.toEqual(expired)
      },
    )

    test('the list of the CA: openssl refuses by it whom the registry has revoked', async () => {
      const user = ['--user', `stolen-1:${await claim('stolen-1')}`]
      const request = await newRequest({ subject: 'CN=stolen-1' })
      const issued = certificateIn(await posted('simpleenroll', request, ...user))
      writeFileSync(file('stolen.pem'), encodePem('CERTIFICATE', issued))
      await edge.registry.setStatus('stolen-1', 'revoked', 'a test', 'stolen')
      const fetched = await curl('/.well-known/sallyport/crl/fleet.crl')
      writeFileSync(file('fleet.crl'), succeeded(fetched))
      const from = ['crl', '-inform', 'DER', '-in', file('fleet.crl')]
      spawnSync('openssl', [...from, '-out', file('list.pem')])
      const against = ['-crl_check', '-CRLfile', file('list.pem'), '-CAfile', file('ca.pem')]
      const asked = spawnSync('openssl', ['verify', ...against, file('stolen.pem')])
      expect(asked.stderr.toString()).toContain('certificate revoked')
    })

    test('errors are text', async () => {
      const request = await newRequest({ subject: 'CN=car-9' })
      const { stdout, status } = await posted('simpleenroll', request, '--user', 'car-9:guessed')
      expect(status).not.toBe(0)
      expect(stdout.toString()).toMatch(/^claim_unknown: /)
    })
  })
})
