import { createPrivateKey, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { instantFromIso as at } from '#shared/time.ts'
import { createDerivedAuthority } from '#simulator/ca/authority.ts'
import { credentialsOf } from '#simulator/ca/derive-credential.ts'
import { deriveKey, derivedLeaves } from '#simulator/ca/identity.ts'
import { toBeSigned } from '#simulator/ca/leaf.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { createLeafTemplates } from '#simulator/ca/template.ts'

const start = at('2027-01-01T00:00:00Z')
const options = { seed: 7, start, intermediates: 2 }
const authority = await createDerivedAuthority({ ...options, ledger: new Ledger() })
const { hierarchy } = authority.state
const [issuer] = hierarchy.intermediates

test('the same seed and scope give the same key, another of either another', () => {
  const key = deriveKey(7, 'leaf', '01')
  expect(deriveKey(7, 'leaf', '01')).toEqual(key)
  for (const other of [deriveKey(8, 'leaf', '01'), deriveKey(7, 'leaf', '02'), deriveKey(7, 'a')]) {
    expect(other.scalar).not.toEqual(key.scalar)
  }
})

test.each([
  { device: 'car-0001', until: '2027-06-01T00:00:00Z' },
  { device: 'meter-1000000', until: '2027-06-01T00:00:00Z' },
  { device: 'car-0001', until: '2049-12-31T23:59:59Z' },
  { device: 'car-0001', until: '2050-01-01T00:00:00Z' },
  { device: 'ca1', until: '2027-06-01T00:00:00Z' },
  { device: 'zähler-0001', until: '2027-06-01T00:00:00Z' },
])('a filled template is what is written anew: $device until $until', ({ device, until }) => {
  if (issuer === undefined) throw new Error('no issuer')
  const templates = createLeafTemplates()
  const { point } = deriveKey(7, 'leaf', device)
  const spki = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex')
  // Twice: the first fills a template that it made, the second one that was there.
  for (const serial of [0x41, 0x7f]) {
    const fields = {
      device,
      kind: 'car',
      serial: new Uint8Array(16).fill(serial),
      notBefore: start,
      notAfter: at(until),
    }
    const whole = toBeSigned(issuer, fields, new Uint8Array([...spki, ...point]))
    expect(templates.toBeSigned(issuer, fields, point)).toEqual(whole)
  }
})

test('OpenSSL takes a derived credential: its chain, its key, its names', async () => {
  const validity = { notBefore: start, notAfter: at('2027-02-01T00:00:00Z') }
  const issued = await authority.issue({ device: 'car-0001', kind: 'car', ...validity, at: start })
  const leaf = new X509Certificate(issued.leafDer)
  const above = new X509Certificate(issued.intermediateDer)
  expect(leaf.checkPrivateKey(createPrivateKey(issued.keyPem))).toBe(true)
  expect(leaf.verify(above.publicKey)).toBe(true)
  expect(above.verify(new X509Certificate(authority.anchorsPem).publicKey)).toBe(true)
  expect(leaf.subjectAltName).toContain('spiffe://fleet.sallyport.example/car/car-0001')
})

test('another process makes the same credential again, with nothing stored but the seed', async () => {
  const validity = { notBefore: start, notAfter: at('2027-02-01T00:00:00Z') }
  const request = { device: 'car-0002', kind: 'car', ...validity }
  const issued = await authority.issue({ ...request, at: start })
  const elsewhere = await createDerivedAuthority({ ...options, ledger: new Ledger() })
  const again = credentialsOf(7, elsewhere.state.hierarchy)(request, 1)
  expect({ ...again, leafDer: undefined, chainPem: undefined, intermediateDer: undefined }).toEqual(
    {
      ...issued,
      leafDer: undefined,
      chainPem: undefined,
      intermediateDer: undefined,
    },
  )
})

test('a scope of its own keeps a forger from the keys it imitates', () => {
  if (issuer === undefined) throw new Error('no issuer')
  const fields = {
    device: 'car-0001',
    kind: 'car',
    serial: new Uint8Array(16).fill(0x41),
    notBefore: start,
    notAfter: at('2027-02-01T00:00:00Z'),
  }
  const { keyPem } = derivedLeaves(7, 'leaf')(issuer, fields)
  expect(derivedLeaves(7, 'leaf')(issuer, fields).keyPem).toBe(keyPem)
  expect(derivedLeaves(7, 'rogue')(issuer, fields).keyPem).not.toBe(keyPem)
})
