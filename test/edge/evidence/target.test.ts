import { expect, test } from 'vitest'
import { evidenceHeader } from '#edge/evidence/claims.ts'
import { contentDigest } from '#edge/evidence/content-digest.ts'
import { jwksDocument, readEvidenceKeys } from '#edge/evidence/keys.ts'
import { createNonceMemory } from '#edge/evidence/nonces.ts'
import { signEvidence, type EvidenceRequest } from '#edge/evidence/sign.ts'
import { verifyRequest } from '#edge/evidence/target.ts'
import type { EvidenceTrust } from '#edge/evidence/verify.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { accepted, noon } from './accepted.ts'
import { ringOf } from './rings.ts'

const ring = await ringOf('a')
const keys = await readEvidenceKeys(jwksDocument(ring))
if (!keys.ok) throw new Error(keys.error)

const trust: EvidenceTrust = {
  keys: keys.value,
  issuer: 'edge',
  skewMs: 0,
  body: 'digest',
  nonces: undefined,
}

async function tokenOf(body: string, overrides: Partial<EvidenceRequest> = {}): Promise<string> {
  const bodyDigest = await contentDigest(toUtf8(body))
  const request = { method: 'POST', path: '/a?b=c', host: 'target.example', bodyDigest }
  const signing = {
    ring,
    issuer: 'edge',
    lifetimeMs: 30_000,
    random: (n: number) => new Uint8Array(n),
  }
  const signed = await signEvidence(accepted, toUtf8('leaf'), { ...request, ...overrides }, signing)
  if (!signed.ok) throw new Error(`${signed.error.length} characters`)
  return signed.value
}

function requestOf(token: string | undefined, body: string | undefined, method = 'POST'): Request {
  const headers = new Headers(token === undefined ? {} : { [evidenceHeader]: token })
  return new Request('https://target.example/a?b=c', { method, headers, body: body ?? null })
}

async function codeOf(
  request: Request,
  max = 100,
  options: Partial<EvidenceTrust> = {},
): Promise<string> {
  const verified = await verifyRequest(request, { ...trust, ...options }, max, noon)
  return verified.ok ? 'ok' : verified.error.code
}

test('a request with its evidence is taken, and its body is there to be read', async () => {
  const request = requestOf(await tokenOf('hello'), 'hello')
  expect(await codeOf(request)).toBe('ok')
  expect(await request.text()).toBe('hello')
})

test('no body is the empty one', async () => {
  const token = await tokenOf('', { method: 'GET' })
  expect(await codeOf(requestOf(token, undefined, 'GET'))).toBe('ok')
})

test('a request without evidence is told so', async () => {
  expect(await codeOf(requestOf(undefined, 'hello'))).toBe('no_evidence')
})

test('two headers are no evidence', async () => {
  const token = await tokenOf('hello')
  const request = requestOf(token, 'hello')
  request.headers.append(evidenceHeader, token)
  expect(await codeOf(request)).toBe('malformed')
})

test('another body is refused', async () => {
  expect(await codeOf(requestOf(await tokenOf('hello'), 'hullo'))).toBe('other_digest')
})

test('a body of the bound, and one octet more', async () => {
  const token = await tokenOf('hello')
  expect(await codeOf(requestOf(token, 'hello'), 5)).toBe('ok')
  const request = requestOf(token, 'hello')
  expect(await codeOf(request, 4)).toBe('other_digest')
  expect(await request.text()).toBe('hello')
})

test('evidence without a digest needs no body in memory, and a store of nonces', async () => {
  const token = await tokenOf('hello', { bodyDigest: undefined })
  const options = { body: 'digest_or_nonce', nonces: createNonceMemory(10) } as const
  expect(await codeOf(requestOf(token, 'hello'), 0, options)).toBe('ok')
  expect(await codeOf(requestOf(token, 'hello'), 0, options)).toBe('replayed')
})
