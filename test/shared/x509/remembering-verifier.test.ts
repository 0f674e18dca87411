import { describe, expect, test } from 'vitest'
import { octets } from '../der/writer.ts'
import { createRememberingVerifier } from '#shared/x509/remembering-verifier.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { newKeys, sameKeys } from '../keys.ts'

const keys = await newKeys()
const other = await newKeys()
const rsa = await sameKeys('RSA')
const algorithm = signatureAlgorithmOf(keys.algorithm)
const rsaAlgorithm = signatureAlgorithmOf(rsa.algorithm)
const kind = publicKeyKindOf(keys.spki)
const rsaKind = publicKeyKindOf(rsa.spki)
if (!algorithm || !rsaAlgorithm || !kind || !rsaKind) throw new Error('keys of no kind we know')
const signed = octets(1, 2, 3)
const input = { algorithm, kind, spki: keys.spki, signature: octets(4, 5), signed }

/** Answers as told, and counts how often it was asked. */
function counting(answer: (asked: number) => boolean | Promise<boolean>) {
  let asked = 0
  const inner: SignatureVerifier = { rsaBitsMin: 2048, verify: () => answer((asked += 1)) }
  return { verifier: createRememberingVerifier(inner), asked: () => asked }
}

describe('a signature that was right', () => {
  test.each([
    { name: 'at once', answer: () => true },
    { name: 'by a promise', answer: () => Promise.resolve(true) },
  ])('is known, and told at once: answered $name', async ({ answer }) => {
    const { verifier, asked } = counting(answer)
    expect(await verifier.verify(input)).toBe(true)
    expect(verifier.verify({ ...input, spki: keys.spki.slice() })).toBe(true)
    expect(asked()).toBe(1)
  })

  test.each([
    { name: 'another key', changes: { spki: other.spki } },
    { name: 'another signature', changes: { signature: octets(4, 6) } },
    { name: 'a longer signature', changes: { signature: octets(4, 5, 0) } },
    { name: 'another algorithm', changes: { algorithm: rsaAlgorithm } },
    { name: 'another kind of key', changes: { kind: rsaKind } },
    { name: 'other octets signed', changes: { signed: octets(1, 2, 3) } },
  ])('says nothing of $name', async ({ changes }) => {
    const { verifier, asked } = counting((count) => count === 1)
    expect(await verifier.verify(input)).toBe(true)
    expect(await verifier.verify({ ...input, ...changes })).toBe(false)
    expect(asked()).toBe(2)
  })
})

test('a wrong one is asked for anew each time', async () => {
  const { verifier, asked } = counting(() => false)
  expect(await verifier.verify(input)).toBe(false)
  expect(await verifier.verify(input)).toBe(false)
  expect(asked()).toBe(2)
})

test.each([
  { name: 'asked for once', first: { comesOnce: true }, again: { comesOnce: true }, times: 2 },
  { name: 'asked for again as one that stays', first: { comesOnce: true }, again: {}, times: 2 },
  { name: 'known already', first: {}, again: { comesOnce: true }, times: 2 },
])('a signature that comes once is never remembered: $name', async ({ first, again, times }) => {
  const { verifier, asked } = counting(() => true)
  await verifier.verify({ ...input, ...first })
  await verifier.verify({ ...input, ...again })
  expect(asked()).toBe(times)
})

test('what the verifier says of itself stays', () => {
  expect(counting(() => true).verifier.rsaBitsMin).toBe(2048)
})
