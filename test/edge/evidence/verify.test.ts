import * as fc from 'fast-check'
import { CompactSign } from 'jose'
import { describe, expect, test } from 'vitest'
import { contentDigest } from '#edge/evidence/content-digest.ts'
import { evidenceClaims, type EvidenceClaims } from '#edge/evidence/claims.ts'
import { jwksDocument, readEvidenceKeys, type EvidenceKeys } from '#edge/evidence/keys.ts'
import { createNonceMemory } from '#edge/evidence/nonces.ts'
import {
  signEvidence,
  type Accepted,
  type EvidenceRequest,
  type EvidenceSigning,
} from '#edge/evidence/sign.ts'
import { verifyEvidence, type EvidenceTrust } from '#edge/evidence/verify.ts'
import { fromBase64Url, toBase64Url, toUtf8 } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import { accepted as unnamed, noon } from './accepted.ts'
import { ringOf } from './rings.ts'

/** Another seed of the properties: SALLYPORT_SEED=7 npx vitest run test/edge/evidence */
const seed = Number(process.env['SALLYPORT_SEED'] ?? 20_261_122)

const leaf = toUtf8('a leaf')

const accepted: Accepted = {
  ...unnamed,
  identity: { ...unnamed.identity, spiffeId: 'spiffe://fleet.example/car-0001' },
}

const ring = await ringOf('new', 'old')
const keys = await keysOf(jwksDocument(ring))

async function keysOf(document: string): Promise<EvidenceKeys> {
  const read = await readEvidenceKeys(document)
  if (!read.ok) throw new Error(read.error)
  return read.value
}

const request: EvidenceRequest = {
  method: 'POST',
  path: '/telemetry?car=1',
  host: 'target.example:8443',
  bodyDigest: await contentDigest(toUtf8('{"speed":50}')),
}

const noBody = await contentDigest(toUtf8(''))

let drawn = 0
const signing: EvidenceSigning = {
  ring,
  issuer: 'gateway.example',
  lifetimeMs: 30_000,
  random: (count) => new Uint8Array(count).fill((drawn += 1)),
}

const trust: EvidenceTrust = {
  keys,
  issuer: 'gateway.example',
  skewMs: 2000,
  body: 'digest',
  nonces: undefined,
}

async function sign(
  overrides: Partial<EvidenceRequest> = {},
  options: Partial<EvidenceSigning> = {},
): Promise<string> {
  const signed = await signEvidence(
    accepted,
    leaf,
    { ...request, ...overrides },
    { ...signing, ...options },
  )
  if (!signed.ok) throw new Error(`${signed.error.length} of ${signed.error.limit}`)
  return signed.value
}

async function codeOf(
  token: string,
  overrides: Partial<EvidenceRequest> = {},
  options: Partial<EvidenceTrust> = {},
  now = noon,
): Promise<string> {
  const seen = { ...request, ...overrides }
  const verified = await verifyEvidence(token, seen, { ...trust, ...options }, now)
  return verified.ok ? 'ok' : verified.error.code
}

const token = await sign()

/** A token of the ring's key with another header or other claims. */
function forge(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const payload = JSON.stringify({ ...claimsOf(token), ...claims })
  return new CompactSign(toUtf8(payload))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'sallyport-evidence+jwt', kid: 'new', ...header })
    .sign(ring[0].privateKey)
}

function claimsOf(text: string): EvidenceClaims {
  const payload = fromBase64Url(text.split('.')[1] ?? '') ?? new Uint8Array()
  const claims = evidenceClaims(new TextDecoder().decode(payload))
  if (claims === undefined) throw new Error('no claims')
  return claims
}

describe('evidence', () => {
  test('says who was let in, by what, and for which request', async () => {
    const verified = await verifyEvidence(token, request, trust, noon)
    expect(verified).toEqual({
      ok: true,
      value: {
        iss: 'gateway.example',
        aud: 'target.example:8443',
        iat: noon / 1000,
        exp: noon / 1000 + 30,
        jti: toBase64Url(new Uint8Array(16).fill(1)),
        sub: 'spiffe://fleet.example/car-0001',
        cnf: {
          'x5t#S256': toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', leaf))),
        },
        serial: '2A',
        subject: 'CN=car-0001',
        issuer: 'CN=Root',
        epoch: 7,
        basis: 'session',
        htm: 'POST',
        path: '/telemetry?car=1',
        digest: request.bodyDigest,
      },
    })
  })

  test('a device without a SPIFFE ID has no sub', async () => {
    const { spiffeId, ...identity } = accepted.identity
    expect(spiffeId).toBeDefined()
    const nameless = { ...accepted, identity: { ...identity, spiffeId: undefined } }
    const signed = await signEvidence(nameless, leaf, request, signing)
    expect(signed.ok && 'sub' in claimsOf(signed.value)).toBe(false)
  })

  test('hosts are compared without regard to case', async () => {
    expect(await codeOf(await sign({ host: 'TARGET.example:8443' }))).toBe('ok')
    expect(await codeOf(token, { host: 'TARGET.EXAMPLE:8443' })).toBe('ok')
  })

  test('a key that signs no more still verifies', async () => {
    const [, old] = ring
    if (old === undefined) throw new Error('the ring has one key')
    expect(await codeOf(await sign({}, { ring: [old] }))).toBe('ok')
  })

  test('names longer than a header are not signed', async () => {
    const identity = { ...accepted.identity, subject: 'x'.repeat(8192) }
    const signed = await signEvidence({ ...accepted, identity }, leaf, request, signing)
    expect(signed).toMatchObject({ ok: false, error: { limit: 8192 } })
  })

  const instants = [
    { name: 'the last instant that a gateway’s clock may run ahead', ms: -2000, code: 'ok' },
    { name: 'one before it', ms: -2001, code: 'not_yet_valid' },
    { name: 'its end, and the skew', ms: 32_000, code: 'ok' },
    { name: 'one after it', ms: 32_001, code: 'expired' },
  ]
  test.each(instants)('$name: $code', async ({ ms, code }) => {
    expect(await codeOf(token, {}, {}, shift(noon, ms))).toBe(code)
  })

  test('lives for a minute at most, whatever is configured or signed', async () => {
    const { iat, exp } = claimsOf(await sign({}, { lifetimeMs: 3_600_000 }))
    expect(exp - iat).toBe(60)
    expect(await codeOf(await forge({}, { exp: iat + 60 }))).toBe('ok')
    expect(await codeOf(await forge({}, { exp: iat + 61 }))).toBe('lives_too_long')
  })
})

describe('refused by name', () => {
  const others = [
    { name: 'another method', request: { method: 'PUT' }, code: 'other_method' },
    { name: 'a method in other letters', request: { method: 'post' }, code: 'other_method' },
    { name: 'another path', request: { path: '/telemetry' }, code: 'other_path' },
    { name: 'another query', request: { path: '/telemetry?car=2' }, code: 'other_path' },
    {
      name: 'another spelling of the path',
      request: { path: '/%74elemetry?car=1' },
      code: 'other_path',
    },
    { name: 'another host', request: { host: 'other.example:8443' }, code: 'other_host' },
    { name: 'another port', request: { host: 'target.example' }, code: 'other_host' },
    {
      name: 'a body that nobody looked at',
      request: { bodyDigest: undefined },
      code: 'other_digest',
    },
    { name: 'no body', request: { bodyDigest: noBody }, code: 'other_digest' },
  ]
  test.each(others)('$name: $code', async ({ request: seen, code }) => {
    expect(await codeOf(token, seen)).toBe(code)
  })

  test('another gateway', async () => {
    expect(await codeOf(token, {}, { issuer: 'other.example' })).toBe('other_issuer')
  })

  test('a key of another gateway under the same name', async () => {
    const other = await keysOf(jwksDocument(await ringOf('new')))
    expect(await codeOf(token, {}, { keys: other })).toBe('signature_invalid')
  })

  test('a key that has left the document', async () => {
    const [, old] = ring
    if (old === undefined) throw new Error('the ring has one key')
    expect(await codeOf(token, {}, { keys: await keysOf(jwksDocument([old])) })).toBe('unknown_key')
    expect(await codeOf(await forge({ kid: 'next' }))).toBe('unknown_key')
    expect(await codeOf(await forge({ kid: 7 }))).toBe('malformed')
  })

  const unsecured = (header: object): string =>
    `${toBase64Url(toUtf8(JSON.stringify(header)))}.${token.split('.')[1]}.`

  test.each([
    ['none', unsecured({ alg: 'none', typ: 'sallyport-evidence+jwt', kid: 'new' })],
    ['HS256', unsecured({ alg: 'HS256', typ: 'sallyport-evidence+jwt', kid: 'new' })],
    ['Ed25519', unsecured({ alg: 'Ed25519', typ: 'sallyport-evidence+jwt', kid: 'new' })],
    ['none at all', unsecured({ typ: 'sallyport-evidence+jwt', kid: 'new' })],
  ])('algorithm %s', async (_, text) => {
    expect(await codeOf(text)).toBe('other_algorithm')
  })

  test('a token of another type, of the same key', async () => {
    expect(await codeOf(await forge({ typ: 'JWT' }))).toBe('other_type')
    expect(await codeOf(await forge({ typ: undefined }))).toBe('other_type')
  })

  const shapes = [
    { name: 'nothing', text: '' },
    { name: 'one part', text: 'a' },
    { name: 'two parts', text: token.split('.').slice(0, 2).join('.') },
    { name: 'four parts', text: `${token}.` },
    { name: 'a space behind', text: `${token} ` },
    { name: 'padding behind', text: `${token}==` },
  ]
  test.each(shapes)('$name is malformed', async ({ text }) => {
    expect(await codeOf(text)).toBe('malformed')
  })

  test('a header of a critical extension', async () => {
    const header = {
      alg: 'EdDSA',
      typ: 'sallyport-evidence+jwt',
      kid: 'new',
      crit: ['b64'],
      b64: false,
    }
    const [, payload, signature] = token.split('.')
    const text = `${toBase64Url(toUtf8(JSON.stringify(header)))}.${payload}.${signature}`
    expect(await codeOf(text)).not.toBe('ok')
  })

  test('a text too long to be ours', async () => {
    expect(await codeOf('a'.repeat(8192))).toBe('malformed')
    expect(await codeOf('a'.repeat(8193))).toBe('too_long')
  })

  const required = Object.keys(claimsOf(token)).filter(
    (name) => name !== 'sub' && name !== 'digest',
  )
  test.each(required)('claims without %s', async (name) => {
    expect(await codeOf(await forge({}, { [name]: undefined }))).toBe('malformed')
    expect(await codeOf(await forge({}, { [name]: null }))).toBe('malformed')
  })
})

describe('replays', () => {
  test('a nonce is taken once', async () => {
    const nonces = createNonceMemory(10)
    expect(await codeOf(token, {}, { nonces })).toBe('ok')
    expect(await codeOf(token, {}, { nonces })).toBe('replayed')
    expect(await codeOf(await sign(), {}, { nonces })).toBe('ok')
  })

  test('evidence that is refused uses no nonce up', async () => {
    const nonces = createNonceMemory(10)
    expect(await codeOf(token, { method: 'PUT' }, { nonces })).toBe('other_method')
    expect(await codeOf(token, {}, { nonces })).toBe('ok')
  })

  test('a nonce is remembered for as long as its evidence is taken', async () => {
    const nonces = createNonceMemory(10)
    expect(await codeOf(token, {}, { nonces })).toBe('ok')
    expect(await codeOf(token, {}, { nonces }, shift(noon, 32_000))).toBe('replayed')
  })

  test('a store that is full refuses', async () => {
    expect(await codeOf(token, {}, { nonces: createNonceMemory(0) })).toBe('replay_not_known')
  })

  test('a body that was not bound needs a word, and a store', async () => {
    const unbound = await sign({ bodyDigest: undefined })
    const nonces = createNonceMemory(10)
    expect(await codeOf(unbound)).toBe('body_not_bound')
    expect(await codeOf(unbound, {}, { nonces })).toBe('body_not_bound')
    expect(await codeOf(unbound, {}, { body: 'digest_or_nonce' })).toBe('replay_not_known')
    expect(await codeOf(unbound, {}, { body: 'digest_or_nonce', nonces })).toBe('ok')
    expect(await codeOf(unbound, {}, { body: 'digest_or_nonce', nonces })).toBe('replayed')
  })
})

const base64Url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

describe(`properties, of seed ${seed}`, () => {
  const fields = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'get', ''),
    path: fc.string(),
    host: fc.constantFrom('a.example', 'b.example', 'a.example:1', ''),
    bodyDigest: fc.constantFrom('sha-256=:AA==:', 'sha-256=:AQ==:', 'sha-512=:AA==:'),
  })

  test('any change of a bound field refuses, and nothing else does', async () => {
    await fc.assert(
      fc.asyncProperty(fields, fields, async (signed, seen) => {
        const same = (Object.keys(signed) as (keyof typeof signed)[]).every(
          (field) => signed[field] === seen[field],
        )
        const text = await sign(signed)
        expect(await codeOf(text, signed)).toBe('ok')
        expect((await codeOf(text, seen)) === 'ok').toBe(same)
      }),
      { seed, numRuns: 200 },
    )
  })

  test('a token with any other character in it is refused', async () => {
    const position = fc.nat(token.length - 1)
    const characters = Array.from(`${base64Url}.=`)
    await fc.assert(
      fc.asyncProperty(position, fc.constantFrom(...characters), async (at, character) => {
        fc.pre(token[at] !== character)
        const changed = token.slice(0, at) + character + token.slice(at + 1)
        expect(await codeOf(changed)).not.toBe('ok')
      }),
      { seed, numRuns: 500 },
    )
  })

  test('the last character, of which four bits mean nothing, stands for itself alone', async () => {
    const characters = Array.from(base64Url)
    const codes = await Promise.all(
      characters.map(async (character) => [
        character,
        await codeOf(token.slice(0, -1) + character),
      ]),
    )
    expect(codes.filter(([, code]) => code === 'ok')).toEqual([[token.slice(-1), 'ok']])
  })
})
