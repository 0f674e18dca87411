import { request as httpRequest } from 'node:http'
import { SignJWT, type CryptoKey } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readStepCaKey, stepCaToken } from '#edge/enrollment/signers/step-ca-token.ts'
import { createStepCaSigner } from '#edge/enrollment/signers/step-ca.ts'
import { readCertificates } from '#edge/enrollment/signers/authority.ts'
import { runtimeClock } from '#edge/ports.ts'
import { fromBase64, toBase64, toBase64Url, type Bytes } from '#shared/bytes.ts'
import { altNamesOfRequest } from '#shared/enrollment/alt-names.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { readCertsOnly } from '#shared/wire/certs-only.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { dayMs } from '../../runtime/given.ts'
import type { EdgeUnderTest } from '../est/edge-under-test.ts'
import { newKeys, newRequest } from '../est/devices.ts'
import { startNodeEdge } from '../est/node-edge.ts'
import { buildStepCa, startStepCa, type StepCa } from './step-ca.ts'

/*
 * A real step-ca as the CA of the EST server: `npm run interop:step-ca` builds it, which takes a
 * minute the first time, of golang-go and golang-github-smallstep-certificates-dev.
 */

const program = buildStepCa()

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const namesOf = (device: string) =>
  [
    { type: 'dns', value: `${device}.fleet.example` },
    { type: 'url', value: `spiffe://fleet.example/${device}` },
  ] as const

const requestOf = (device: string, keys?: Awaited<ReturnType<typeof newKeys>>) =>
  newRequest({ subject: `CN=${device}`, names: [...namesOf(device)], ...(keys && { keys }) })

const shown = (certificate: Bytes) => ({
  'x-ssl-client-cert': encodeURIComponent(encodePem('CERTIFICATE', certificate)),
})

function certificateIn({ status, text }: { status: number; text: string }): Bytes {
  const octets = status === 200 ? fromBase64(text) : undefined
  const read = octets === undefined ? undefined : readCertsOnly(octets)
  const [certificate] = read?.ok === true ? read.value : []
  if (certificate === undefined) throw new Error(`${status}: ${text}`)
  return certificate
}

const orderOf = (der: Bytes) => {
  const parsed = parseCertificationRequest(der)
  if (!parsed.ok) throw new Error(parsed.error.expected)
  const now = runtimeClock.now()
  return {
    request: der,
    subject: parsed.value.subject,
    subjectAltName: altNamesOfRequest(parsed.value),
    serial: crypto.getRandomValues(new Uint8Array(16)),
    notBefore: shift(now, -60_000),
    notAfter: shift(now, dayMs),
    lifetimeMaxMs: Number.POSITIVE_INFINITY,
  }
}

/** A token that the key of a certificate signs, as step-ca's own client makes one. */
async function renewalToken(
  certificates: readonly Bytes[],
  key: CryptoKey,
  claims: { readonly sub: string; readonly aud: string; readonly csr?: string },
  issuedAt = Math.floor(Date.now() / 1000),
): Promise<Readonly<Record<string, string>>> {
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', x5cInsecure: certificates.map(toBase64) })
    .setIssuer('step-ca-client/1.0')
    .setJti(crypto.randomUUID())
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + 300)
    .sign(key)
  return { authorization: `Bearer ${token}` }
}

describe('a step-ca signs for the edge', () => {
  let ca: StepCa
  let edge: EdgeUnderTest & { readonly told: readonly string[] }

  beforeAll(async () => {
    ca = await startStepCa(program)
    const step = {
      kind: 'step-ca',
      certificates: ca.certificates,
      url: ca.url,
      provisioner: 'edge',
    }
    const altNames = ['dns:{device}.fleet.example', 'uri:spiffe://fleet.example/{device}']
    edge = await startNodeEdge(
      {
        anchors: ca.certificates,
        variables: {
          PLATFORM: 'nginx',
          HOP: 'network',
          CERT_HEADER: 'X-SSL-Client-Cert',
          ENROLLMENT: JSON.stringify({
            cas: { step },
            labels: {
              '': { ca: 'step', altNames },
              short: { ca: 'step', altNames, validity: '20s' },
            },
          }),
          ENROLLMENT_KEYS: JSON.stringify({ step: ca.jwk }),
        },
      },
      ca.ask,
    )
  })

  afterAll(async () => {
    await edge.close()
    await ca.close()
  })

  /** Posts as nginx would, with the certificate that it has seen. */
  function post(
    operation: string,
    body: Bytes,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          port: edge.port,
          path: `/.well-known/est/${operation}`,
          method: 'POST',
          agent: false,
          headers: { 'content-type': 'application/pkcs10', ...headers },
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        },
      )
      request.on('error', reject)
      request.end(toBase64(body))
    })
  }

  async function byToken(device: string): Promise<Readonly<Record<string, string>>> {
    const order = { device, quota: 1, classes: [], approval: 'automatic', forMs: dayMs } as const
    const made = await edge.registry.makeClaim(order, 'a test')
    if (!made.ok || made.value.token === undefined) throw new Error('a token')
    return { authorization: `Basic ${btoa(`${device}:${made.value.token}`)}` }
  }

  test('a first certificate, and its renewal; the registry knows the serials that the CA drew', async () => {
    const first = certificateIn(
      await post('simpleenroll', await requestOf('car-1'), await byToken('car-1')),
    )
    const second = certificateIn(
      await post('simplereenroll', await requestOf('car-1'), shown(first)),
    )
    const device = await edge.registry.device('car-1')
    const serials = [first, second].map((der) => {
      const parsed = parseCertificate(der)
      return parsed.ok
        ? Buffer.from(parsed.value.serial).toString('hex').replace(/^00/, '').toUpperCase()
        : ''
    })
    expect(device?.certificates.map(({ serial }) => serial).toSorted()).toEqual(serials.toSorted())
  })

  test('the same request again is not signed again', async () => {
    const request = await requestOf('car-2')
    const token = await byToken('car-2')
    const first = certificateIn(await post('simpleenroll', request, token))
    expect(certificateIn(await post('simpleenroll', request, token))).toEqual(first)
  })

  test('a device that the registry has revoked renews nothing, and the CA is not asked', async () => {
    const keys = await newKeys()
    const first = certificateIn(
      await post('simpleenroll', await requestOf('car-3', keys), await byToken('car-3')),
    )
    await edge.registry.setStatus('car-3', 'revoked', 'a test', 'stolen')
    const { status, text } = await post('simplereenroll', await requestOf('car-3'), shown(first))
    expect([status, text.slice(0, text.indexOf(':'))]).toEqual([403, 'device_revoked'])
  })

  test('a certificate that has expired renews itself through the edge, by a token of its key', async () => {
    const keys = await newKeys()
    const request = await requestOf('garage-1', keys)
    const expired = certificateIn(
      await post('short/simpleenroll', request, await byToken('garage-1')),
    )
    // The edge is as far ahead as step-ca's leeway for tokens allows it to be, and more than that has to live.
    const later = Date.now() + 45_000
    edge.setNow?.(instantFromMs(later))
    try {
      const again = await requestOf('garage-1')
      const refused = await post('short/simpleenroll', again, shown(expired))
      expect([refused.status, refused.text.slice(0, 8)]).toEqual([403, 'expired:'])
      const csr = toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', again)))
      const aud = 'https://fleet.example/.well-known/est/simplereenroll'
      const claims = { sub: 'garage-1', aud, csr }
      const issuedAt = Math.floor(later / 1000)
      const thief = await renewalToken([expired], (await newKeys()).privateKey, claims, issuedAt)
      expect((await post('simplereenroll', again, thief)).status).toBe(401)
      const own = await renewalToken([expired], keys.privateKey, claims, issuedAt)
      const renewed = certificateIn(await post('simplereenroll', again, own))
      expect(renewed).not.toEqual(expired)
      expect((await edge.registry.device('garage-1'))?.certificates).toHaveLength(2)
    } finally {
      edge.setNow?.(instantFromMs(Date.now()))
    }
  })

  test('the same token is what step-ca itself renews an expired certificate by, once', async () => {
    const keys = await newKeys()
    const order = orderOf(await requestOf('garage-2', keys))
    const signed = await (
      await signer()
    ).sign({ ...order, notAfter: shift(runtimeClock.now(), 1000) })
    if (!signed.ok) throw new Error(signed.error.because)
    const parsed = parseCertificate(signed.value)
    const end = parsed.ok ? parsed.value.validity.notAfter : Number.NaN
    // Nobody can turn the clock of a real step-ca: it is waited for, a second.
    await vi.waitUntil(() => Date.now() > end + 1000, { timeout: 10_000 })
    const issuing = readCertificates(ca.certificates)
    const [above] = issuing.ok ? issuing.value : []
    const chain = [signed.value, above?.der ?? new Uint8Array()]
    const url = `${ca.url}/1.0/renew`
    const ask = async (headers: Readonly<Record<string, string>>) =>
      (await ca.ask(new Request(url, { method: 'POST', headers }))).status
    const claims = { sub: 'garage-2', aud: url }
    const own = await renewalToken(chain, keys.privateKey, claims)
    const thief = await renewalToken(chain, (await newKeys()).privateKey, claims)
    expect([await ask(thief), await ask(own), await ask(own)]).toEqual([500, 201, 401])
  })

  async function signer() {
    const key = await readStepCaKey(ca.jwk)
    const certificates = readCertificates(ca.certificates)
    if (!key.ok || !certificates.ok) throw new Error('the settings of the CA')
    const settings = { kind: 'step-ca', name: 'step', provisioner: 'edge', url: ca.url } as const
    return createStepCaSigner(
      { ...settings, key: key.value, certificates: certificates.value },
      ca.ask,
      runtimeClock,
    )
  }

  test('the CA itself signs one order once: its token is used up', async () => {
    const order = orderOf(await requestOf('car-4'))
    const own = await signer()
    expect(await own.sign(order)).toMatchObject({ ok: true })
    expect(await own.sign(order)).toMatchObject({
      ok: false,
      error: { kind: 'refused', because: expect.stringContaining('401') },
    })
  })

  test('the CA refuses names that its token does not say', async () => {
    const key = await readStepCaKey(ca.jwk)
    if (!key.ok) throw new Error(key.error)
    const token = await stepCaToken(key.value, {
      provisioner: 'edge',
      audience: `${ca.url}/1.0/sign`,
      subject: 'car-5',
      sans: ['car-5.fleet.example'],
      id: crypto.randomUUID(),
      now: runtimeClock.now(),
    })
    const csr = encodePem('CERTIFICATE REQUEST', await requestOf('car-6'))
    const body = JSON.stringify({ csr, ott: token })
    const answer = await ca.ask(new Request(`${ca.url}/1.0/sign`, { method: 'POST', body }))
    expect(answer.status).toBe(403)
  })

  test('a subject that its template would cut is refused, and not handed out', async () => {
    const request = await newRequest({ subject: 'CN=car-7,O=Fleet', names: [...namesOf('car-7')] })
    expect(await (await signer()).sign(orderOf(request))).toMatchObject({
      ok: false,
      error: { kind: 'refused', because: expect.stringContaining('its subject is not the one') },
    })
  })

  test('a longer life than the CA gives is refused with its word', async () => {
    const order = orderOf(await requestOf('car-8'))
    const long = { ...order, notAfter: shift(order.notBefore, 200 * dayMs) }
    expect(await (await signer()).sign(long)).toMatchObject({
      ok: false,
      error: { kind: 'refused', because: expect.stringContaining('403') },
    })
  })
})
