import 'reflect-metadata'
import { BasicConstraintsExtension } from '@peculiar/x509'
import { expect, test } from 'vitest'
import { bodyOctetsMax } from '#edge/enrollment/est/body.ts'
import { fromBase64, toBase64, toHex, type Bytes } from '#shared/bytes.ts'
import { ok } from '#shared/result.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { dayMs } from '../../../runtime/given.ts'
import {
  challenged,
  createCa,
  factoryCertificate,
  newKeys,
  newRequest,
} from '../../../interop/est/devices.ts'
import { basic, certificateOf, certificatesOf, createEstStage, type Asked } from '../est-stage.ts'
import { refusedWith } from '../memory-registry.ts'

const stage = await createEstStage()

const sha256 = async (octets: Bytes): Promise<string> =>
  toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', octets)))

/** A certificate of the stage's own CA, and the key that it is for. */
async function enrolled(device: string, operation = 'simpleenroll') {
  const keys = await newKeys()
  const request = await newRequest({ subject: `CN=${device}`, keys })
  const asked = { request, headers: basic(device, 'once') }
  return { keys, certificate: await certificateOf(await stage.ask(operation, asked)) }
}

/** Status and code of a refusal. */
async function refusalOf(operation: string, asked: Asked): Promise<string> {
  const response = await stage.ask(operation, asked)
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  const text = await response.text()
  return `${response.status} ${text.slice(0, text.indexOf(':'))}`
}

test('a token says who its device is; the registry is told its digest alone', async () => {
  const request = await newRequest({ subject: 'CN=car-1' })
  await certificateOf(
    await stage.ask('simpleenroll', { request, headers: basic('car-1', 'it:once') }),
  )
  expect(stage.registry.attempts.at(-1)).toEqual({
    claimant: { kind: 'claim', secretSha256: await sha256(new TextEncoder().encode('it:once')) },
    requestSha256: await sha256(request),
    keySha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    device: 'car-1',
    kind: 'enroll',
  })
})

test('a bearer token names no device', async () => {
  const request = await newRequest({ subject: 'CN=car-2' })
  const headers = { authorization: 'Bearer once' }
  await certificateOf(await stage.ask('simpleenroll', { request, headers }))
  const { claimant } = stage.registry.attempts.at(-1) ?? {}
  expect(claimant).toEqual({
    kind: 'claim',
    secretSha256: await sha256(new TextEncoder().encode('once')),
  })
})

test('a factory certificate is told with every CA above it', async () => {
  const keys = await newKeys()
  const leaf = await factoryCertificate(stage.factory, 'CN=car-3', keys, stage.clock.now())
  const request = await newRequest({ subject: 'CN=car-3' })
  await certificateOf(await stage.ask('simpleenroll', { request, certificate: leaf }))
  const ca = parseCertificate(stage.factory.der)
  expect(stage.registry.attempts.at(-1)?.claimant).toEqual({
    kind: 'factory_certificate',
    leafSha256: await sha256(leaf),
    cas: [ca.ok && (await sha256(ca.value.spki))],
  })
})

test('a factory certificate that names another device is a claim, if it is anything', async () => {
  const leaf = await factoryCertificate(
    stage.factory,
    'CN=claim of a batch',
    await newKeys(),
    stage.clock.now(),
  )
  const request = await newRequest({ subject: 'CN=car-7' })
  await certificateOf(await stage.ask('simpleenroll', { request, certificate: leaf }))
  const claimant = { kind: 'claim', secretSha256: await sha256(leaf) }
  expect(stage.registry.attempts.at(-1)).toMatchObject({ device: 'car-7', claimant })
})

test('a certificate of ours renews itself, the same key or a new one', async () => {
  const { keys, certificate } = await enrolled('car-4')
  for (const again of [keys, await newKeys()]) {
    const request = await newRequest({ subject: 'CN=car-4', keys: again })
    await certificateOf(await stage.ask('simplereenroll', { request, certificate }))
    const parsed = parseCertificate(certificate)
    expect(stage.registry.attempts.at(-1)).toMatchObject({
      kind: 'renew',
      device: 'car-4',
      claimant: {
        kind: 'own_certificate',
        serial: parsed.ok && toHex(parsed.value.serial).toUpperCase(),
      },
    })
  }
})

test('one that has expired renews itself, and does nothing else', async () => {
  const { certificate } = await enrolled('car-5')
  const request = await newRequest({ subject: 'CN=car-5' })
  const before = stage.clock.now()
  stage.clock.advance(91 * dayMs)
  expect(await refusalOf('simpleenroll', { request, certificate })).toBe('403 expired')
  const renewed = await stage.ask('simplereenroll', { request, certificate })
  stage.clock.set(before)
  expect(renewed.status).toBe(200)
})

const strangers = await createCa('Fleet CA', stage.clock.now())
const stranger = (subject: string) =>
  newKeys().then((keys) => factoryCertificate(strangers, subject, keys, stage.clock.now()))
const { certificate: issuedBefore } = await enrolled('car-6')
const factoryLeaf = await factoryCertificate(
  stage.factory,
  'CN=car-6',
  await newKeys(),
  stage.clock.now(),
)
const sixth = await newRequest({ subject: 'CN=car-6' })

test.each<readonly [name: string, operation: string, asked: Asked, refusal: string]>([
  ['nobody', 'simpleenroll', { request: sixth }, '401 no_certificate'],
  ['nobody, at renewal', 'simplereenroll', { request: sixth }, '401 no_certificate'],
  [
    'a token at renewal',
    'simplereenroll',
    { request: sixth, headers: basic('car-6', 'x') },
    '401 no_certificate',
  ],
  [
    'Basic without a token',
    'simpleenroll',
    { request: sixth, headers: basic('car-6', '') },
    '401 credential_malformed',
  ],
  [
    'a token of another device',
    'simpleenroll',
    { request: sixth, headers: basic('car-7', 'x') },
    '400 csr.id',
  ],
  [
    'a CA of the same name and another key',
    'simpleenroll',
    { request: sixth, certificate: await stranger('CN=car-6') },
    '403 signature_invalid',
  ],
  [
    'a factory certificate at renewal',
    'simplereenroll',
    { request: sixth, certificate: factoryLeaf },
    '403 certificate_unknown',
  ],
  [
    'our certificate of another device, for a first certificate',
    'simpleenroll',
    { request: await newRequest({ subject: 'CN=car-7' }), certificate: issuedBefore },
    '403 csr.id',
  ],
  [
    'our certificate of another device, for a renewal',
    'simplereenroll',
    { request: await newRequest({ subject: 'CN=car-7' }), certificate: issuedBefore },
    '400 csr.sameSubject',
  ],
  [
    'a renewal with a name more',
    'simplereenroll',
    {
      request: await newRequest({
        subject: 'CN=car-6',
        names: [{ type: 'dns', value: 'car-6.fleet.example' }],
      }),
      certificate: issuedBefore,
    },
    '400 csr.sameSubject',
  ],
])('%s: %s: %s', async (_name, operation, asked, refusal) => {
  const before = stage.registry.attempts.length
  expect(await refusalOf(operation, asked)).toBe(refusal)
  expect(stage.registry.attempts.length).toBe(before)
})

test('401 names the ways to authenticate', async () => {
  const response = await stage.ask('simpleenroll', { request: sixth })
  expect(response.headers.get('www-authenticate')).toBe(
    'Basic realm="enrollment", charset="UTF-8", Bearer realm="enrollment"',
  )
})

const anyToken = basic('', 'once')
const ca = new BasicConstraintsExtension(true, 3, true)
const rows: readonly (readonly [string, string, Asked, string])[] = [
  [
    'a CA certificate',
    'simpleenroll',
    { request: await newRequest({ subject: 'CN=a', extensions: [ca] }) },
    '400 csr.ca',
  ],
  [
    'a challengePassword',
    'simpleenroll',
    { request: await newRequest({ subject: 'CN=a', attributes: [challenged()] }) },
    '400 csr.challenge',
  ],
  ['no name', 'simpleenroll', { request: await newRequest({ subject: '' }) }, '400 csr.id'],
  ['no request', 'simpleenroll', { body: '' }, '400 der.malformed'],
  ['no base64', 'simpleenroll', { body: '-----BEGIN' }, '400 der.malformed'],
  ['no DER', 'simpleenroll', { body: 'AAAA' }, '400 der.malformed'],
  ['too much', 'simpleenroll', { body: 'A'.repeat(bodyOctetsMax + 1) }, '413 body_too_large'],
  ['as much as may be', 'simpleenroll', { body: 'A'.repeat(bodyOctetsMax) }, '400 der.malformed'],
  [
    'another type',
    'simpleenroll',
    { body: 'AAAA', headers: { ...anyToken, 'content-type': 'text/plain' } },
    '415 content_type',
  ],
  [
    'a name that its label grants nobody',
    'simpleenroll',
    {
      request: await newRequest({
        subject: 'CN=a',
        names: [{ type: 'dns', value: 'a.fleet.example' }],
      }),
    },
    '400 csr.id',
  ],
  [
    'a name of another device',
    'named/simpleenroll',
    {
      request: await newRequest({
        subject: 'CN=a',
        names: [{ type: 'dns', value: 'b.fleet.example' }],
      }),
    },
    '400 csr.id',
  ],
  [
    'an address',
    'named/simpleenroll',
    {
      request: await newRequest({
        subject: 'CN=a',
        names: [{ type: 'ip', value: '192.0.2.1' }],
      }),
    },
    '400 csr.id',
  ],
  ['a key of ours', 'serverkeygen', { body: 'AAAA' }, '501 not_implemented'],
  ['full CMC', 'fullcmc', { body: 'AAAA' }, '501 not_implemented'],
  ['an unknown label', 'nothing/simpleenroll', { body: 'AAAA' }, '404 not_found'],
  ['a label twice', 'named/named/simpleenroll', { body: 'AAAA' }, '404 not_found'],
  ['an unknown operation', 'simple', { body: 'AAAA' }, '404 not_found'],
  ['GET of an enrolment', 'simpleenroll', { method: 'GET' }, '405 method_not_allowed'],
  ['POST of cacerts', 'cacerts', { body: 'AAAA' }, '405 method_not_allowed'],
]

test.each(rows)('%s: %s: %s', async (_name, operation, asked, refusal) => {
  expect(await refusalOf(operation, { headers: anyToken, ...asked })).toBe(refusal)
})

test('a request whose signature another key made', async () => {
  const request = await newRequest({ subject: 'CN=a' })
  const last = request.length - 1
  request[last] = (request[last] ?? 0) ^ 1
  expect(await refusalOf('simpleenroll', { request, headers: anyToken })).toBe('400 csr.pop')
})

test('RFC 8951 3.1: base64 with line ends, blanks and whatever transfer encoding', async () => {
  const request = toBase64(await newRequest({ subject: 'CN=wrapped' }))
  const body = ` ${request.replaceAll(/.{64}/g, '$&\r\n')}\t\n`
  const asked = { body, headers: { ...anyToken, 'content-transfer-encoding': 'binary' } }
  expect(await certificateOf(await stage.ask('simpleenroll', asked))).toBeInstanceOf(Uint8Array)
})

test('a name that the label grants is in the certificate', async () => {
  const names = [{ type: 'dns', value: 'car-8.fleet.example' }] as const
  const request = await newRequest({ subject: 'CN=car-8', names: [...names] })
  const asked = { request, headers: basic('car-8', 'once') }
  const parsed = parseCertificate(await certificateOf(await stage.ask('named/simpleenroll', asked)))
  expect(parsed.ok && parsed.value.extensions.subjectAltNames?.dns).toEqual(['car-8.fleet.example'])
})

test('one line of base64, its length, and nothing to keep', async () => {
  const response = await stage.ask('cacerts')
  expect(response.headers.get('content-type')).toBe('application/pkcs7-mime; smime-type=certs-only')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.text()).toMatch(/^[A-Za-z0-9+/]+=*$/)
})

test('cacerts of a rollover: the issuing CA first, the old root and the new one', async () => {
  const [old, next] = await Promise.all([
    createCa('Old root', stage.clock.now()),
    createCa('New root', stage.clock.now()),
  ])
  const rolling = await createEstStage({
    cas: (own) => ({
      fleet: { ...own, certificates: `${next.pem}${old.pem}` },
    }),
    secrets: { fleet: next.pkcs8 },
  })
  expect(await certificatesOf(await rolling.ask('cacerts'))).toEqual([next.der, old.der])
})

test('csrattrs asks for P-256 by ECDSA with SHA-256, and never for a challenge', async () => {
  const response = await stage.ask('csrattrs')
  expect(response.headers.get('content-type')).toBe('application/csrattrs')
  const octets = fromBase64(await response.text())
  expect(octets && toHex(octets)).toBe(
    '3021301506072a8648ce3d0201310a06082a8648ce3d03010706082a8648ce3d040302',
  )
})

test('the same request again is answered with the same certificate', async () => {
  const request = await newRequest({ subject: 'CN=car-9' })
  const asked = { request, headers: basic('car-9', 'once') }
  const first = await certificateOf(await stage.ask('simpleenroll', asked))
  expect(await certificateOf(await stage.ask('simpleenroll', asked))).toEqual(first)
})

const waiting = await newRequest({ subject: 'CN=car-10' })
const waits = { request: waiting, headers: basic('car-10', 'once') }

test('202 while it waits, with the seconds to wait', async () => {
  stage.registry.scripted.push(ok({ kind: 'pending', retryAfterMs: 1500 }))
  const response = await stage.ask('simpleenroll', waits)
  expect([response.status, response.headers.get('retry-after')]).toEqual([202, '2'])
})

test.each([
  ['claim_used', 401],
  ['quota_exceeded', 403],
  ['key_reuse', 403],
  ['device_suspended', 403],
] as const)('the registry says %s: %i', async (code, status) => {
  stage.registry.scripted.push(refusedWith(code))
  expect(await refusalOf('simpleenroll', waits)).toBe(`${status} ${code}`)
})

test('503 where the registry does not answer, and nothing leaves', async () => {
  stage.registry.scripted.push(new Error('the database is away'))
  expect(await refusalOf('simpleenroll', waits)).toBe('503 unavailable')
  expect(stage.told.join('\n')).toContain('the database is away')
})

test('nothing is told of tokens', async () => {
  stage.registry.scripted.push(refusedWith('claim_unknown'))
  await stage.ask('simpleenroll', {
    request: waiting,
    headers: basic('car-10', 'a-secret-token'),
  })
  expect(stage.told.at(-1)).toContain('claim_unknown')
  expect([...stage.told, ...stage.lines].join('\n')).not.toContain('a-secret-token')
})

test('the connection log tells what was decided on the certificate', async () => {
  const { certificate } = await enrolled('car-11')
  await stage.ask('simplereenroll', {
    request: await newRequest({ subject: 'CN=car-11' }),
    certificate,
  })
  expect(JSON.parse(stage.lines.at(-1) ?? '{}')).toMatchObject({ outcome: 'accepted' })
})

test('every other address is decided on as ever', async () => {
  const response = await stage.app.request('https://edge.example/.well-known/established')
  expect(response.status).toBe(401)
})
