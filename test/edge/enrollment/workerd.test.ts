import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Approval, FirstConnection } from '#edge/enrollment/registry/authorities.ts'
import { factsOfCertificate } from '#edge/enrollment/registry/certificates.ts'
import { importAuthority } from '#edge/enrollment/signers/authority.ts'
import { issueCertificate } from '#edge/enrollment/signers/certificate.ts'
import { toBase64, toBase64Url, type Bytes } from '#shared/bytes.ts'
import { clientAuth } from '#shared/enrollment/profile.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import {
  createCa,
  factoryCertificate,
  newKeys,
  newRequest,
  p256,
} from '../../interop/est/devices.ts'
import type { EdgeUnderTest } from '../../interop/est/edge-under-test.ts'
import { startWorkerEdge } from '../../interop/est/worker-edge.ts'
import { dayMs } from '../../runtime/given.ts'
import { basic } from './est-stage.ts'

/* The Worker that is deployed, in workerd, with the registry's objects; its clock is the machine's. */

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const now = instantFromMs(Math.floor(Date.now() / 1000) * 1000)
const ca = await createCa('Fleet CA', now)
const factory = await createCa('Factory CA', now)

/** What the approval hook does with each question, one after another; then it approves. */
const hookActs: ((response: ServerResponse) => void)[] = []
const hookAsked: string[] = []
const hook = createServer((request, response) => {
  request.setEncoding('utf8').on('data', (text: string) => hookAsked.push(text))
  request.on('end', () => (hookActs.shift() ?? approves)(response))
})

const approves = (response: ServerResponse): void => void response.end('{"decision":"approve"}')

let edge: EdgeUnderTest

beforeAll(async () => {
  hook.listen(0, '127.0.0.1')
  await once(hook, 'listening')
  const address = hook.address()
  const port = typeof address === 'object' ? address?.port : undefined
  edge = await startWorkerEdge({
    anchors: ca.pem + factory.pem,
    variables: {
      PLATFORM: 'nginx',
      HOP: 'network',
      CERT_HEADER: 'X-SSL-Client-Cert',
      CRL_ABSENT: 'accept',
      ENROLLMENT: JSON.stringify({
        cas: { fleet: { kind: 'key', certificates: ca.pem } },
        labels: { '': { ca: 'fleet' } },
        firstConnections: {},
      }),
      ENROLLMENT_KEYS: JSON.stringify({ fleet: ca.pkcs8 }),
    },
    bindings: {
      REGISTRY_APPROVAL_WEBHOOK: `http://127.0.0.1:${port}/approve`,
      REGISTRY_APPROVAL_WEBHOOK_SECRET: `whsec_${toBase64(new Uint8Array(32).fill(7))}`,
      SOURCES_OPEN_HOSTS: `127.0.0.1:${port}`,
    },
  })
})

afterAll(async () => {
  await edge.close()
  hook.closeAllConnections()
  hook.close()
})

interface Answer {
  readonly status: number
  readonly text: string
}

async function ask(path: string, headers: object, body?: string): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${edge.port}${path}`, {
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/pkcs10' }) },
    ...(body !== undefined && { method: 'POST', body }),
  })
  return { status: response.status, text: await response.text() }
}

const est = (operation: string, request: Bytes, headers: object): Promise<Answer> =>
  ask(`/.well-known/est/${operation}`, headers, toBase64(request))

/** Status, and the code of a refusal. */
const said = ({ status, text }: Answer): string =>
  status < 300 ? `${status}` : `${status} ${text.slice(0, text.indexOf(':'))}`

type KeyPair = Awaited<ReturnType<typeof newKeys>>

/** A device of the registry, with a certificate of ours that ended so many days ago. */
async function expiredDevice(device: string, endedDaysAgo: number, keys: KeyPair): Promise<Bytes> {
  const authority = await importAuthority(ca.pem, ca.pkcs8)
  const request = parseCertificationRequest(await newRequest({ subject: `CN=${device}`, keys }))
  if (!authority.ok || !request.ok) throw new Error('there is a CA and a request')
  const { subject, spki } = request.value
  const serial = crypto.getRandomValues(new Uint8Array(16))
  serial[0] = 0x41
  const validity = {
    notBefore: shift(now, -(endedDaysAgo + 90) * dayMs),
    notAfter: shift(now, -endedDaysAgo * dayMs),
  }
  const order = { subject, subjectAltName: undefined, serial, ...validity }
  const template = { purposes: [clientAuth], crlUrl: undefined }
  const der = await issueCertificate(authority.value, template, order, spki)
  const parsed = parseCertificate(der)
  if (!parsed.ok) throw new Error(parsed.error.expected)
  const row = { name: device, status: 'active', classes: [], factoryLeaf: undefined } as const
  const certificates = [{ ...(await factsOfCertificate(parsed.value)), revokedAt: undefined }]
  expect(await edge.registry.importDevices([{ ...row, certificates }], 'a test')).toEqual(['added'])
  return der
}

/** The token of an expired certificate's key, for one request. */
async function tokenOf(
  certificate: Bytes,
  request: Bytes,
  { privateKey }: KeyPair,
  alg = 'ES256',
): Promise<object> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', request))
  const issuedAt = Math.floor(Date.now() / 1000)
  const token = await new SignJWT({ csr: toBase64Url(digest) })
    .setProtectedHeader({ alg, x5cInsecure: [toBase64(certificate)] })
    .setAudience('https://fleet.example/.well-known/est/simplereenroll')
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + 300)
    .sign(privateKey)
  return { authorization: `Bearer ${token}` }
}

describe('back after weeks, behind a terminator that refuses expired certificates', () => {
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  }
  test.each([
    ['ES256', p256],
    ['ES384', { name: 'ECDSA', namedCurve: 'P-384' }],
    ['ES512', { name: 'ECDSA', namedCurve: 'P-521' }],
    ['EdDSA', 'Ed25519'],
    ['RS256', rsa],
  ] as const)('a token of the expired certificate’s key renews it: %s', async (alg, algorithm) => {
    const keys = await newKeys(algorithm)
    const device = `garage-${alg}`
    const expired = await expiredDevice(device, 10, keys)
    const request = await newRequest({ subject: `CN=${device}` })
    const token = await tokenOf(expired, request, keys, alg)
    expect(said(await est('simplereenroll', request, token))).toBe('200')
    const known = await edge.registry.device(device)
    expect(known?.enrolments).toMatchObject([{ kind: 'renew', state: 'issued' }])
  })

  test.each([
    ['ended 29 days ago', 29, '200'],
    ['ended 31 days ago', 31, '403 certificate_lapsed'],
  ])('one that %s', async (name, daysAgo, answer) => {
    const keys = await newKeys()
    const device = `lapse-${daysAgo}`
    const expired = await expiredDevice(device, daysAgo, keys)
    const request = await newRequest({ subject: `CN=${device}` })
    const answered = await est('simplereenroll', request, await tokenOf(expired, request, keys))
    expect([name, said(answered)]).toEqual([name, answer])
  })

  test('a stranger’s key, another request, a device that was revoked, a first certificate', async () => {
    const keys = await newKeys()
    const expired = await expiredDevice('garage-9', 10, keys)
    const request = await newRequest({ subject: 'CN=garage-9' })
    const other = await newRequest({ subject: 'CN=garage-9' })
    const token = await tokenOf(expired, request, keys)
    const strangers = await tokenOf(expired, request, await newKeys())
    const answers = [
      await est('simplereenroll', request, strangers),
      await est('simplereenroll', other, token),
      await est('simpleenroll', request, token),
    ]
    await edge.registry.setStatus('garage-9', 'revoked', 'a test', 'stolen')
    answers.push(await est('simplereenroll', request, token))
    expect(answers.map(said)).toEqual([
      '401 proof_refused',
      '401 proof_refused',
      '401 claim_unknown',
      '403 device_revoked',
    ])
  })
})

async function claimant(device: string, approval: Approval): Promise<object> {
  const order = { device, quota: 1, classes: [], approval, forMs: dayMs }
  const made = await edge.registry.makeClaim(order, 'a test')
  if (!made.ok || made.value.token === undefined) throw new Error('a token')
  return basic(device, made.value.token)
}

describe('the approval hook', () => {
  test('hangs up, fails, sends elsewhere, talks nonsense: the device waits; then it is approved', async () => {
    hookActs.push(
      (response) => void response.destroy(),
      (response) => void response.writeHead(500).end('{"decision":"approve"}'),
      (response) => void response.writeHead(302, { location: '/else' }).end(),
      (response) => void response.end('<html>approve</html>'),
    )
    const asked = hookAsked.length
    const headers = await claimant('hooked-1', 'hook')
    const request = await newRequest({ subject: 'CN=hooked-1' })
    const answers = []
    for (let poll = 0; poll < 5; poll += 1) {
      answers.push(said(await est('simpleenroll', request, headers)))
    }
    expect(answers).toEqual(['202', '202', '202', '202', '200'])
    expect(hookAsked.length - asked).toBe(5)
    expect(JSON.parse(hookAsked.at(-1) ?? '')).toMatchObject({ device: 'hooked-1' })
  })

  test('is slow: nobody else waits for it, and the device gets its certificate of the same request', async () => {
    const { promise: isAsked, resolve } = Promise.withResolvers<ServerResponse>()
    hookActs.push(resolve)
    const slow = est(
      'simpleenroll',
      await newRequest({ subject: 'CN=hooked-2' }),
      await claimant('hooked-2', 'hook'),
    )
    const held = await isAsked
    const request = await newRequest({ subject: 'CN=quick-1' })
    const quick = await est('simpleenroll', request, await claimant('quick-1', 'automatic'))
    expect(said(quick)).toBe('200')
    expect((await edge.registry.device('hooked-2'))?.status).toBe('pending')
    approves(held)
    expect(said(await slow)).toBe('200')
  })

  test('refuses: the device is retired', async () => {
    hookActs.push((response) => void response.end('{"decision":"refuse"}'))
    const request = await newRequest({ subject: 'CN=hooked-3' })
    const answer = await est('simpleenroll', request, await claimant('hooked-3', 'hook'))
    expect(said(answer)).toBe('403 approval_refused')
    expect((await edge.registry.device('hooked-3'))?.status).toBe('retired')
  })

  test('is away: the device waits', async () => {
    const headers = await claimant('hooked-4', 'hook')
    hook.closeAllConnections()
    await new Promise((resolve) => hook.close(resolve))
    const request = await newRequest({ subject: 'CN=hooked-4' })
    expect(said(await est('simpleenroll', request, headers))).toBe('202')
  })
})

let serial = 0x7f_0000

async function knock(leaf: Bytes): Promise<string> {
  const shown = { 'X-SSL-Client-Cert': encodeURIComponent(encodePem('CERTIFICATE', leaf)) }
  const { status, text } = await ask('/hello', shown)
  if (status === 200) return 'in'
  const { code } = JSON.parse(text) as { readonly code: string }
  return code
}

const leafOf = async (device: string): Promise<Bytes> =>
  factoryCertificate(factory, `CN=${device}`, await newKeys(), now, (serial += 1).toString(16))

async function rule(firstConnection: FirstConnection): Promise<string> {
  const { nonce } = await edge.registry.challenge()
  const verification = await factoryCertificate(factory, `CN=${nonce}`, await newKeys(), now)
  const registered = await edge.registry.registerAuthority(
    { certificate: factory.der, verification },
    { approval: 'automatic', firstConnection, firstConnectionsMax: 3, classes: [] },
    'a test',
  )
  if (!registered.ok) throw new Error(registered.error.because)
  return registered.value.keySha256
}

describe('a first connection with a factory’s certificate', () => {
  test('by no rule, by that which makes it wait, by that which lets it in, within its number', async () => {
    expect(await knock(await leafOf('car-0'))).toBe('device_unregistered')
    const key = await rule('pending')
    const waiting = await leafOf('car-1')
    expect(await knock(waiting)).toBe('device_pending')
    await edge.registry.setStatus('car-1', 'active', 'a test', 'it is ours')
    expect(await knock(waiting)).toBe('in')
    await edge.registry.changeAuthority(key, { firstConnection: 'active' }, 'a test')
    const leaves = [await leafOf('car-2'), await leafOf('car-3'), await leafOf('car-4')]
    expect(await Promise.all(leaves.slice(0, 2).map(knock))).toEqual(['in', 'in'])
    expect(await knock(leaves[2] ?? new Uint8Array())).toBe('device_unregistered')
  })
})
