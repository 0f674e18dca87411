import { beforeAll, describe, expect, test } from 'vitest'
import { isTrustFileName, readTrustPart, type TrustPart } from '#edge/trust-stores/gate.ts'
import { concatBytes, toHex, toUtf8, type Bytes } from '#shared/bytes.ts'
import { instantFromMs, shift, type Instant } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl } from '#simulator/ca/crl.ts'
import { createHierarchy, type Ca, type Hierarchy } from '#simulator/ca/hierarchy.ts'
import { dayMs } from '../../runtime/given.ts'
import { start } from '../stage.ts'

const verifier = createWebCryptoVerifier()

let own: Hierarchy
/** The same names and key identifiers, other keys. */
let rogue: Hierarchy

beforeAll(async () => {
  const options = { seed: 1, start, intermediates: 1 }
  own = await createHierarchy(options)
  rogue = await createHierarchy(options, own)
})

function crlOf(issuer: Ca, number: number, at: Instant = start, count = 0): Bytes {
  const entries = Array.from({ length: count }, (_, index) => ({
    serial: (0x4000 + index).toString(16),
    at: start,
    reason: 'keyCompromise' as const,
  }))
  return createCrl(issuer, { entries, number, at, nextUpdateMs: dayMs })
}

function certificateOf({ der }: Ca): Certificate {
  const parsed = parseCertificate(der)
  if (!parsed.ok) throw new Error('the CA wrote what the core cannot read')
  return parsed.value
}

async function digestOf(octets: Bytes): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', octets)))
}

interface Known {
  readonly shrinkWord?: string
  readonly held?: TrustPart | undefined
  readonly issuers?: readonly Ca[]
}

function read(name: string, octets: Bytes, { held, issuers = [], ...word }: Known = {}) {
  const known = { held, issuers: issuers.map(certificateOf), verifier, ...word }
  return readTrustPart(name, octets, known)
}

async function heldCrl(issuer: Ca, number: number): Promise<TrustPart> {
  const part = await read('crl/a.crl', crlOf(issuer, number))
  if (!part.ok) throw new Error(part.error)
  return part.value
}

test.each([
  { name: 'anchors.pem', isKnown: true },
  { name: 'intermediates.pem', isKnown: true },
  { name: 'crl/issuing-1.crl', isKnown: true },
  { name: 'crl/issuing-1.crl.accept-shrink', isKnown: true },
  { name: 'crl/', isKnown: false },
  { name: 'crl/a/b.crl', isKnown: false },
  { name: 'anchors.pem.bak', isKnown: false },
  { name: 'old/anchors.pem', isKnown: false },
  { name: '', isKnown: false },
])('"$name" is a trust file: $isKnown', ({ name, isKnown }) => {
  expect(isTrustFileName(name)).toBe(isKnown)
})

describe('certificates', () => {
  test('a bundle of two', async () => {
    const bundle = encodePem('CERTIFICATE', own.root.der) + encodePem('CERTIFICATE', rogue.root.der)
    const part = await read('anchors.pem', toUtf8(bundle))
    expect(part).toMatchObject({ ok: true, value: { kind: 'anchors', certificates: [{}, {}] } })
  })

  test.each([
    { name: 'nothing', text: () => '', because: 'line 1: expected' },
    { name: 'HTML', text: () => '<!doctype html><h1>502</h1>', because: 'line 1: expected' },
    {
      name: 'a bundle cut off in its second block',
      text: () => encodePem('CERTIFICATE', own.root.der).repeat(2).slice(0, -60),
      because: 'expected',
    },
    {
      name: 'a good certificate beside a damaged one',
      text: () =>
        encodePem('CERTIFICATE', own.root.der) + encodePem('CERTIFICATE', Uint8Array.of(0x30, 0)),
      because: 'certificate 2, byte',
    },
    {
      name: 'a list in place of certificates',
      text: () => encodePem('X509 CRL', Uint8Array.of(0x30, 0)),
      because: 'line 1: expected',
    },
  ])('$name is refused', async ({ text, because }) => {
    for (const name of ['anchors.pem', 'intermediates.pem']) {
      const part = await read(name, toUtf8(text()))
      expect(part).toMatchObject({ ok: false, error: expect.stringContaining(because) })
    }
  })
})

describe('lists', () => {
  test('DER and PEM read the same', async () => {
    const der = crlOf(own.root, 1)
    const fromDer = await read('crl/a.crl', der)
    const fromPem = await read('crl/a.crl', toUtf8(encodePem('X509 CRL', der)))
    expect(fromDer).toMatchObject({ ok: true, value: { kind: 'crl', crl: { number: 1n } } })
    expect(fromPem).toMatchObject({ ok: true, value: { crl: { der } } })
  })

  const damages: readonly { name: string; damage: (der: Bytes) => Bytes; because: string }[] = [
    { name: 'nothing', damage: () => new Uint8Array(), because: 'line 1: expected' },
    {
      name: 'HTML',
      damage: () => toUtf8('<!doctype html><title>Sign in</title>'),
      because: 'line 1: expected',
    },
    { name: 'the last octet cut off', damage: (der) => der.slice(0, -1), because: 'byte' },
    { name: 'half of it', damage: (der) => der.slice(0, der.length / 2), because: 'byte' },
    {
      name: 'an octet too many',
      damage: (der) => concatBytes(der, Uint8Array.of(0)),
      because: 'byte',
    },
    {
      name: 'two lists in one file',
      damage: (der) => toUtf8(encodePem('X509 CRL', der).repeat(2)),
      because: 'expected one CRL',
    },
    {
      name: 'a certificate in place of a list',
      damage: () => toUtf8(encodePem('CERTIFICATE', own.root.der)),
      because: 'line 1: expected',
    },
  ]

  test.each(damages)('$name is refused', async ({ damage, because }) => {
    const part = await read('crl/a.crl', damage(crlOf(own.root, 1)))
    expect(part).toMatchObject({ ok: false, error: expect.stringContaining(because) })
  })

  test.each([
    { number: 4, at: 1, because: 'CRL number 4 does not follow 5' },
    { number: 5, at: 0, because: undefined },
    { number: 5, at: 1, because: 'CRL number 5 does not follow 5' },
    { number: 5, at: -1, because: 'CRL number 5 does not follow 5' },
    {
      number: 6,
      at: -1,
      because: 'its thisUpdate 2026-12-31T00:00:00Z does not follow 2027-01-01T00:00:00Z',
    },
    { number: 6, at: 1, because: undefined },
  ])('number $number of day $at after number 5 of day 0', async ({ number, at, because }) => {
    const held = await heldCrl(own.root, 5)
    const same = held.kind === 'crl' ? held.crl.der : new Uint8Array()
    const octets =
      number === 5 && at === 0 ? same : crlOf(own.root, number, shift(start, at * dayMs))
    const part = await read('crl/a.crl', octets, { held, issuers: [own.root] })
    expect(part.ok ? undefined : part.error).toBe(because)
  })

  test('RFC 5280 5.2.3: numbers are compared as numbers, not as text', async () => {
    const held = await heldCrl(own.root, 9)
    expect(await read('crl/a.crl', crlOf(own.root, 10), { held })).toMatchObject({ ok: true })
  })

  test('a list of another issuer does not take the place of one', async () => {
    const held = await heldCrl(own.root, 1)
    const [issuing = own.root] = own.intermediates
    const part = await read('crl/a.crl', crlOf(issuing, 2), { held })
    expect(part).toMatchObject({ ok: false, error: expect.stringContaining('another issuer') })
  })

  test('a list that a known issuer has not signed is refused, from the first on', async () => {
    const forged = crlOf(rogue.root, 9)
    const error = 'its issuer has not signed it'
    const held = await heldCrl(own.root, 1)
    expect(await read('crl/a.crl', forged, { held, issuers: [own.root] })).toEqual({
      ok: false,
      error,
    })
    expect(await read('crl/a.crl', forged, { issuers: [own.root] })).toEqual({ ok: false, error })
  })

  test('of two issuers of one name (a rollover of keys) either may sign', async () => {
    const issuers = [rogue.root, own.root]
    expect(await read('crl/a.crl', crlOf(own.root, 1), { issuers })).toMatchObject({
      ok: true,
    })
  })

  test('a list of an issuer that is not known here is taken: the decision asks for its signature', async () => {
    const [issuing = own.root] = rogue.intermediates
    const part = await read('crl/a.crl', crlOf(issuing, 1), { issuers: [own.root] })
    expect(part).toMatchObject({ ok: true })
  })

  describe('a list that has shrunk', () => {
    test('is refused, and the sentence says how to have it taken', async () => {
      const held = await read('crl/a.crl', crlOf(own.root, 1, start, 40))
      const part = await read('crl/a.crl', crlOf(own.root, 2, start, 3), {
        held: held.ok ? held.value : undefined,
        issuers: [own.root],
      })
      expect(part.ok ? undefined : part.error).toBe(
        'it has shrunk from 40 entries to 3: fewer than 30 are not taken, unless crl/a.crl.accept-shrink holds the file’s SHA-256 in hexadecimal',
      )
    })

    test.each([
      { name: 'its own digest', word: (digest: string) => digest, isTaken: true },
      {
        name: 'as sha256sum writes it',
        word: (digest: string) => `${digest}  a.crl\n`,
        isTaken: true,
      },
      { name: 'in upper case', word: (digest: string) => digest.toUpperCase(), isTaken: true },
      { name: 'part of it', word: (digest: string) => digest.slice(0, 32), isTaken: false },
      { name: 'nothing', word: () => '', isTaken: false },
      { name: 'yes', word: () => 'yes', isTaken: false },
    ])('the operator’s word, $name: $isTaken', async ({ word, isTaken }) => {
      const held = await read('crl/a.crl', crlOf(own.root, 1, start, 40))
      const octets = crlOf(own.root, 2, start, 3)
      const part = await read('crl/a.crl', octets, {
        held: held.ok ? held.value : undefined,
        issuers: [own.root],
        shrinkWord: word(await digestOf(octets)),
      })
      expect(part.ok).toBe(isTaken)
    })
  })

  test('a list from the epoch on', async () => {
    const part = await read('crl/a.crl', crlOf(own.root, 0, instantFromMs(0)))
    expect(part).toMatchObject({ ok: true, value: { crl: { number: 0n } } })
  })
})
