import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import type { AskCa } from '#edge/enrollment/signers/ask-ca.ts'
import { importAuthority } from '#edge/enrollment/signers/authority.ts'
import { issueCertificate } from '#edge/enrollment/signers/certificate.ts'
import { createEstSigner } from '#edge/enrollment/signers/est-ca.ts'
import { createStepCaSigner } from '#edge/enrollment/signers/step-ca.ts'
import { readStepCaKey } from '#edge/enrollment/signers/step-ca-token.ts'
import type { Signer, SigningOrder } from '#edge/enrollment/signer.ts'
import { toBase64, type Bytes } from '#shared/bytes.ts'
import { altNamesOfRequest } from '#shared/enrollment/alt-names.ts'
import { clientAuth } from '#shared/enrollment/profile.ts'
import { shift } from '#shared/time.ts'
import { writeCertsOnly } from '#shared/wire/certs-only.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { dayMs } from '../../../runtime/given.ts'
import { setClock, start } from '../../stage.ts'
import { createCa, newRequest } from '../../../interop/est/devices.ts'

/* What a CA elsewhere may answer, to either signer: only the wire differs. */

const ca = await createCa('Upstream CA', start)
const authority = await importAuthority(ca.pem, ca.pkcs8)
if (!authority.ok) throw new Error(authority.error)
const { certificate } = authority.value
const certificates = [certificate]
const { privateKey } = await generateKeyPair('ES256', { extractable: true })
const key = await readStepCaKey(JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'edge' }))
if (!key.ok) throw new Error(key.error)

const names = [{ type: 'dns', value: 'car-1.example' }] as const
const request = await newRequest({ subject: 'CN=car-1', names: [...names] })
const otherRequest = await newRequest({ subject: 'CN=car-2', names: [...names] })

function orderOf(der: Bytes): SigningOrder {
  const parsed = parseCertificationRequest(der)
  if (!parsed.ok) throw new Error(parsed.error.expected)
  return {
    request: der,
    subject: parsed.value.subject,
    subjectAltName: altNamesOfRequest(parsed.value),
    serial: Uint8Array.from({ length: 16 }, (_, index) => index + 1),
    notBefore: start,
    notAfter: shift(start, 90 * dayMs),
    lifetimeMaxMs: 91 * dayMs,
  }
}

const order = orderOf(request)

/** What the CA signs, where it keeps to the order but for `changes`. */
async function signed(changes: Partial<SigningOrder> = {}, spkiOf = request): Promise<Bytes> {
  const parsed = parseCertificationRequest(spkiOf)
  if (!parsed.ok || !authority.ok) throw new Error('there is a key')
  const template = { purposes: [clientAuth], crlUrl: undefined }
  return issueCertificate(authority.value, template, { ...order, ...changes }, parsed.value.spki)
}

interface Wire {
  readonly name: string
  readonly good: number
  signer(ask: AskCa): Signer
  body(certificate: Bytes): string
}

const common = { name: 'up', certificates, url: 'https://ca.example' }
const wires: readonly Wire[] = [
  {
    name: 'step-ca',
    good: 201,
    signer: (ask) =>
      createStepCaSigner(
        { ...common, kind: 'step-ca', provisioner: 'edge', key: key.value },
        ask,
        setClock(),
      ),
    body: (der) => JSON.stringify({ crt: encodePem('CERTIFICATE', der), ca: ca.pem }),
  },
  {
    name: 'EST',
    good: 200,
    signer: (ask) =>
      createEstSigner({ ...common, kind: 'est', user: 'edge', password: 'secret' }, ask),
    body: (der) => toBase64(writeCertsOnly([certificate.der, der])).replaceAll(/.{76}/g, '$&\r\n'),
  },
]

const good = await signed()
const told = (because: string) => ({ because: expect.stringContaining(because) })

interface Row {
  readonly name: string
  readonly answer: (wire: Wire) => Response | Promise<Response>
  readonly wanted: object
}

const answering =
  (certificateOf: () => Promise<Bytes>): Row['answer'] =>
  async (wire) =>
    new Response(wire.body(await certificateOf()), { status: wire.good })

const rows: readonly Row[] = [
  {
    name: 'the certificate',
    answer: answering(async () => good),
    wanted: { ok: true, value: good },
  },
  {
    name: 'for another key',
    answer: answering(() => signed({}, otherRequest)),
    wanted: { ok: false, error: { kind: 'refused' } },
  },
  {
    name: 'of another subject',
    answer: answering(() => signed({ subject: orderOf(otherRequest).subject })),
    wanted: { ok: false, error: { kind: 'refused', ...told('its subject is not the one') } },
  },
  {
    name: 'without its name',
    answer: answering(() => signed({ subjectAltName: undefined })),
    wanted: { ok: false, error: { kind: 'refused', ...told('its subjectAltName is none') } },
  },
  {
    name: 'until as much later as its clock may be ahead',
    answer: answering(() => signed({ notAfter: shift(order.notAfter, 300_000) })),
    wanted: { ok: true },
  },
  {
    name: 'a second longer than that',
    answer: answering(() => signed({ notAfter: shift(order.notAfter, 301_000) })),
    wanted: { ok: false, error: { kind: 'refused', ...told('it ends at') } },
  },
  {
    name: 'as long a life as its profile knows',
    answer: answering(() => signed({ notBefore: shift(start, -dayMs) })),
    wanted: { ok: true },
  },
  {
    name: 'a longer one, however early it began',
    answer: answering(() => signed({ notBefore: shift(start, -dayMs - 1000) })),
    wanted: { ok: false, error: { kind: 'refused', ...told('and its profile allows 91d') } },
  },
  {
    name: 'shorter than ordered',
    answer: answering(() => signed({ notAfter: shift(order.notAfter, -1000) })),
    wanted: { ok: true },
  },
  {
    name: 'nothing',
    answer: ({ good: status }) => new Response('', { status }),
    wanted: { ok: false, error: { kind: 'refused' } },
  },
  {
    name: '403',
    answer: () => new Response('no\u0007pe', { status: 403 }),
    wanted: { ok: false, error: { kind: 'refused', ...told('403: no pe') } },
  },
  ...[429, 500, 503].map((status) => ({
    name: String(status),
    answer: () => new Response('later', { status }),
    wanted: { ok: false, error: { kind: 'unavailable' } },
  })),
  {
    name: 'a redirect, which is not followed',
    answer: () => new Response('', { status: 307, headers: { location: 'https://evil.example' } }),
    wanted: { ok: false, error: { kind: 'refused' } },
  },
  {
    name: 'more than any CA says',
    answer: ({ good: status }) => new Response('A'.repeat(100_000), { status }),
    wanted: { ok: false, error: { kind: 'unavailable' } },
  },
  {
    name: 'no connection',
    answer: () => Promise.reject(new TypeError('connection refused')),
    wanted: { ok: false, error: { kind: 'unavailable', ...told('connection refused') } },
  },
]

test.each(
  wires.flatMap((wire) => rows.map((row) => ({ wire, row, title: `${wire.name}: ${row.name}` }))),
)('$title', async ({ wire, row }) => {
  const asked: Request[] = []
  const signer = wire.signer(async (request_) => {
    asked.push(request_)
    return row.answer(wire)
  })
  expect(await signer.sign(order)).toMatchObject(row.wanted)
  expect(asked.map(({ method, redirect }) => [method, redirect])).toEqual([['POST', 'manual']])
})

test('a token of a step-ca is for one order, and of the provisioner', async () => {
  let asked: Request | undefined
  const [step] = wires
  await step
    ?.signer(async (request_) => {
      asked = request_
      return new Response('', { status: 500 })
    })
    .sign(order)
  const body: unknown = await asked?.json()
  const { ott, csr, notAfter } = Object(body) as Record<string, string>
  expect([csr, notAfter]).toEqual([
    encodePem('CERTIFICATE REQUEST', request),
    '2027-04-01T00:00:00Z',
  ])
  expect(decodeProtectedHeader(ott ?? '')).toEqual({ alg: 'ES256', kid: 'edge', typ: 'JWT' })
  expect(decodeJwt(ott ?? '')).toEqual({
    iss: 'edge',
    aud: 'https://ca.example/1.0/sign',
    sub: 'car-1',
    sans: ['car-1.example'],
    jti: '0102030405060708090a0b0c0d0e0f10',
    iat: start / 1000,
    nbf: start / 1000,
    exp: start / 1000 + 300,
  })
})

test.each([
  ['no name', { subject: 'CN=car-1' }, 'without a subjectAltName'],
  ['no common name', { subject: '', names: [...names] }, 'exactly one common name'],
  [
    'an address',
    { subject: 'CN=car-1', names: [{ type: 'ip' as const, value: '192.0.2.1' }] },
    'DNS names, URIs and e-mail only',
  ],
])('a step-ca is not asked for %s', async (_name, fields, because) => {
  const [step] = wires
  const signer = step?.signer(() => Promise.reject(new Error('it was asked')))
  const refused = await signer?.sign(orderOf(await newRequest(fields)))
  expect(refused).toMatchObject({ ok: false, error: { kind: 'refused', ...told(because) } })
})

test('another EST server is asked with the password of this one', async () => {
  let asked: Request | undefined
  await wires[1]
    ?.signer(async (request_) => {
      asked = request_
      return new Response('', { status: 202 })
    })
    .sign(order)
  expect(asked?.url).toBe('https://ca.example/simpleenroll')
  expect(asked?.headers.get('authorization')).toBe(`Basic ${btoa('edge:secret')}`)
  expect(await asked?.text()).toBe(toBase64(request))
})
