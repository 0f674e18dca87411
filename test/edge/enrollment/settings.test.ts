import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import { readListener } from '#edge/config.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { dayMs } from '../../runtime/given.ts'
import { start } from '../stage.ts'
import { createCa, factoryCertificate, newKeys } from '../../interop/est/devices.ts'

const ca = await createCa('Fleet CA', start)
const other = await createCa('Other CA', start)
const leaf = encodePem('CERTIFICATE', await factoryCertificate(ca, 'CN=leaf', ca.keys, start))
const { privateKey } = await generateKeyPair('ES256', { extractable: true })
const jwk = JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'edge' })
const withoutKid = JSON.stringify(await exportJWK(privateKey))
const pkcs8Pem = await exportPKCS8(ca.keys.privateKey)

const own = { kind: 'key', certificates: ca.pem }
const step = {
  kind: 'step-ca',
  certificates: ca.pem,
  url: 'https://ca.example',
  provisioner: 'edge',
}
const est = { kind: 'est', certificates: ca.pem, url: 'https://ca.example/est/', user: 'edge' }
const labels = { '': { ca: 'fleet' } }
const keys = { fleet: ca.pkcs8 }

const read = (enrollment: unknown, secrets: unknown = keys) =>
  readListener({
    ENROLLMENT: typeof enrollment === 'string' ? enrollment : JSON.stringify(enrollment),
    ENROLLMENT_KEYS: typeof secrets === 'string' ? secrets : JSON.stringify(secrets),
  })

test('a CA of each kind, and what a label is without a word', async () => {
  const cas = { fleet: own, step, est }
  const listener = await read({ cas, labels }, { fleet: pkcs8Pem, step: jwk, est: 'password' })
  expect(listener.ok && listener.value.enrolment?.labels.get('')).toMatchObject({
    name: '',
    ca: { name: 'fleet', kind: 'key', template: { crlUrl: undefined } },
    profile: { name: 'device', severities: { 'csr.challenge': 'error' } },
    factories: [],
    factoryCrlAbsent: 'refuse',
    altNames: [],
  })
  expect(listener.ok && listener.value.enrolment?.cas.get('step')).toMatchObject({
    kind: 'step-ca',
    url: 'https://ca.example',
    key: { kid: 'edge', algorithm: 'ES256' },
  })
  expect(listener.ok && listener.value.enrolment?.cas.get('est')).toMatchObject({
    url: 'https://ca.example/est',
  })
})

test('without the variable there is no server', async () => {
  const listener = await readListener({})
  expect(listener.ok && listener.value.enrolment).toBe(undefined)
})

const withLabel = (label: object, name = '') => ({ cas: { fleet: own }, labels: { [name]: label } })
const withCa = (fields: object) => ({ cas: { fleet: { ...own, ...fields } }, labels })
test('first connections alone: no CA, no label, the strict word', async () => {
  const listener = await read({ firstConnections: { profile: 'ldevid', wait: '10s' } }, {})
  expect(listener.ok && listener.value.enrolment).toMatchObject({
    firstConnections: {
      identity: { from: ['serialNumber', 'commonName'] },
      unregistered: 'refuse',
      waitMs: 10_000,
    },
  })
  expect(listener.ok && listener.value.enrolment?.labels.size).toBe(0)
})

const minuteMs = 60_000

// A certificate begins a minute before it is issued, and that minute is of its life.
test.each([
  ['as the registry says', { ca: 'fleet' }, undefined],
  ['as its profile lets it', { ca: 'fleet', profile: 'spiffe' }, 30 * dayMs - minuteMs],
  ['all of it', { ca: 'fleet', profile: 'spiffe', validity: '30d' }, 30 * dayMs - minuteMs],
  ['less', { ca: 'fleet', profile: 'spiffe', validity: '29d' }, 29 * dayMs],
])('how long certificates live: %s', async (_name, label, validityMs) => {
  const listener = await read(withLabel(label))
  expect(listener.ok && listener.value.enrolment?.labels.get('')?.validityMs).toBe(validityMs)
})

const strangers = await newKeys()
const strangersPem = await exportPKCS8(strangers.privateKey)

const faults: readonly (readonly [
  name: string,
  enrollment: unknown,
  told: string,
  secrets?: unknown,
])[] = [
  ['no JSON', '{', 'a JSON object'],
  ['too long', ' '.repeat(64 * 1024 + 1), 'a JSON object'],
  ['no CA', { cas: {}, labels }, '1 to 32 members (at ENROLLMENT.cas)'],
  ['no label', { cas: { fleet: own }, labels: {} }, '1 to 32 members (at ENROLLMENT.labels)'],
  ['a word more', { cas: { fleet: own }, labels, ca: 1 }, 'none of this name'],
  [
    'an unknown kind',
    withCa({ kind: 'vault' }),
    'one of key, step-ca, est (at ENROLLMENT.cas.fleet.kind)',
  ],
  ['no secret', withCa({}), 'a text under the name fleet (at ENROLLMENT.cas.fleet)', {}],
  ['a key of another CA', withCa({}), 'the key of the first certificate', { fleet: other.pkcs8 }],
  ['a key of nobody', withCa({}), 'the key of the first certificate', { fleet: strangersPem }],
  ['no key', withCa({}), 'the PKCS #8 key of the first certificate', { fleet: 'AAAA' }],
  ['no PEM', withCa({ certificates: 'AAAA' }), 'in line 1 (at ENROLLMENT.cas.fleet.certificates)'],
  ['a leaf as the CA', withCa({ certificates: leaf }), 'a CA as the first certificate (cA true)'],
  ['a list over TLS', withCa({ crlUrl: 'https://crl.example/a.crl' }), 'an http: URL'],
  ['no purpose of a client', withCa({ purposes: ['serverAuth'] }), 'clientAuth among them'],
  ['an unknown CA', withLabel({ ca: 'no' }), 'one of fleet (at ENROLLMENT.labels..ca)'],
  ['an unknown profile', withLabel({ ca: 'fleet', profile: 'car' }), 'one of device, idevid'],
  ['an operation as a label', withLabel({ ca: 'fleet' }, 'cacerts'), 'that is no operation of EST'],
  ['a label with a slash', withLabel({ ca: 'fleet' }, 'a/b'), 'a label of up to 63 letters'],
  ['a name for every device', withLabel({ ca: 'fleet', altNames: ['dns:a.example'] }), '{device}'],
  ['a name of no form', withLabel({ ca: 'fleet', altNames: ['{device}'] }), 'dns:, uri:, email:'],
  ['no duration', withLabel({ ca: 'fleet', validity: 90 }), '(at ENROLLMENT.labels..validity)'],
  [
    'a life that its profile does not know',
    withLabel({ ca: 'fleet', profile: 'spiffe', validity: '31d' }),
    'at most 30d, the longest life that its profile knows (at ENROLLMENT.labels..validity)',
  ],
  [
    'a word for unregistered devices',
    { cas: { fleet: own }, labels, firstConnections: { unregistered: 'maybe' } },
    'one of refuse, accept (at ENROLLMENT.firstConnections.unregistered)',
  ],
  [
    'a request that waits for a minute',
    { cas: { fleet: own }, labels, firstConnections: { wait: '1m' } },
    'at most 10s (at ENROLLMENT.firstConnections.wait)',
  ],
  ['no CA, and first connections', { labels, firstConnections: {} }, 'one of'],
  ['plain HTTP', { cas: { fleet: { ...est, url: 'http://ca.example' } }, labels }, 'an https: URL'],
  ['a user with a colon', { cas: { fleet: { ...est, user: 'a:b' } }, labels }, 'no colon in it'],
  ['a JWK without kid', { cas: { fleet: step }, labels }, 'a private JWK', { fleet: withoutKid }],
  ['no JWK', { cas: { fleet: step }, labels }, 'a private JWK', { fleet: 'no JSON' }],
]

test.each(faults)('%s is told by its place', async (_name, enrollment, told, secrets = keys) => {
  const listener = await read(enrollment, secrets)
  expect(listener.ok).toBe(false)
  const text = listener.ok ? '' : JSON.stringify(listener.error)
  expect(text).toContain(told)
  for (const secret of Object.values(typeof secrets === 'object' ? Object(secrets) : {})) {
    expect(text).not.toContain(secret)
  }
})
