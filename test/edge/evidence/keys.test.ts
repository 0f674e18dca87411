import { describe, expect, test } from 'vitest'
import { importEvidenceRing, jwksDocument, readEvidenceKeys } from '#edge/evidence/keys.ts'
import { newJwk, ringOf, setOf } from './rings.ts'

const [first, second] = [await newJwk('2026-06'), await newJwk('2026-05')]
const without = (name: string): object =>
  Object.fromEntries(Object.entries(first).filter(([key]) => key !== name))

interface Faulty {
  readonly name: string
  readonly text: string
  readonly fault: string
}

const faults: readonly Faulty[] = [
  { name: 'no JSON', text: '{', fault: 'it is no JWK Set' },
  { name: 'another document', text: '[]', fault: 'it is no JWK Set' },
  { name: 'keys of another shape', text: '{"keys":{}}', fault: 'it is no JWK Set' },
  { name: 'a null', text: setOf(null), fault: 'key 1 is no Ed25519 JWK with a kid' },
  {
    name: 'a key without a name',
    text: setOf(first, without('kid')),
    fault: 'key 2 is no Ed25519 JWK with a kid',
  },
  {
    name: 'a name that no header should repeat',
    text: setOf({ ...first, kid: 'a b' }),
    fault: 'key 1 is no Ed25519 JWK with a kid',
  },
  {
    name: 'a key of another curve',
    text: setOf({ ...first, crv: 'X25519' }),
    fault: 'key 1 is no Ed25519 JWK with a kid',
  },
  {
    name: 'a key for another algorithm',
    text: setOf({ ...first, alg: 'ES256' }),
    fault: 'key 1 is no Ed25519 JWK with a kid',
  },
  { name: 'one name twice', text: setOf(first, first), fault: 'key name 2026-06 stands twice' },
  {
    name: 'too many keys',
    text: setOf(first, second, { ...first, kid: 'a' }, { ...first, kid: 'b' }),
    fault: 'at most 3 keys, got 4',
  },
  { name: 'too long a text', text: ' '.repeat(8193), fault: 'at most 8192 characters' },
]

describe('a ring', () => {
  test('is read, newest first', async () => {
    const ring = await importEvidenceRing(setOf(first, second))
    expect(ring.ok && ring.value.map(({ kid }) => kid)).toEqual(['2026-06', '2026-05'])
  })

  test.each([
    ...faults,
    { name: 'no key', text: setOf(), fault: 'no evidence key' },
    {
      name: 'a public key',
      text: setOf(without('d')),
      fault: 'evidence key 1 is no private Ed25519 JWK',
    },
    {
      name: 'a private key beside another’s public one',
      text: setOf({ ...first, x: second['x'] }),
      fault: 'evidence key 1 is no private Ed25519 JWK',
    },
    {
      name: 'octets that are no key',
      text: setOf({ ...first, d: 'AAAA' }),
      fault: 'evidence key 1 is no private Ed25519 JWK',
    },
  ])('with $name is refused', async ({ text, fault }) => {
    const ring = await importEvidenceRing(text)
    expect(ring).toEqual({ ok: false, error: fault })
    expect(JSON.stringify(ring)).not.toContain(String(first['d']))
  })
})

describe('the JWKS document', () => {
  test('publishes public halves alone', async () => {
    const ring = await importEvidenceRing(setOf(first, second))
    const document = ring.ok ? jwksDocument(ring.value) : ''
    expect(JSON.parse(document)).toEqual({
      keys: [first, second].map(({ kty, crv, x, kid }) => {
        return { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' }
      }),
    })
    expect(document).not.toContain('"d"')
  })

  test('is read back', async () => {
    const keys = await readEvidenceKeys(jwksDocument(await ringOf('a', 'b')))
    expect(keys.ok && [...keys.value.keys()]).toEqual(['a', 'b'])
  })

  test.each([
    ...faults,
    { name: 'no key', text: setOf(), fault: 'no key' },
    { name: 'a private key', text: setOf(first), fault: 'key 1 is a private key' },
    {
      name: 'octets that are no key',
      text: setOf({ ...without('d'), x: 'AAAA' }),
      fault: 'key 1 is no Ed25519 JWK',
    },
  ])('with $name is refused', async ({ text, fault }) => {
    const keys = await readEvidenceKeys(text)
    expect(keys.ok ? 'read' : keys.error).toMatch(
      fault.startsWith('key 1 is a private') ? /is a private key$/ : fault,
    )
  })
})
