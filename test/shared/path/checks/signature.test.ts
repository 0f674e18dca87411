import { expect, test } from 'vitest'
import { freshBudget } from '#shared/path/budget.ts'
import { checkSignature } from '#shared/path/checks/signature.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { octets, sequence } from '../../der/writer.ts'
import { certificateOf, createCa } from '../../pki.ts'

const certificate = certificateOf(await createCa())

/** A promise of another making than the runtime's own, as libraries have them. */
function foreign(value: boolean): Promise<boolean> {
  const own = Promise.resolve(value)
  // oxlint-disable-next-line unicorn/no-thenable -- a thenable is what this test is about
  return { then: own.then.bind(own) } as unknown as Promise<boolean>
}

test.each([
  { answer: 'false', verify: () => false, says: 'signature_invalid' },
  { answer: 'true', verify: () => true, says: 'ok' },
  {
    answer: 'false, by a promise',
    verify: () => Promise.resolve(false),
    says: 'signature_invalid',
  },
  { answer: 'true, by a promise', verify: () => Promise.resolve(true), says: 'ok' },
  {
    answer: 'false, by a foreign promise',
    verify: () => foreign(false),
    says: 'signature_invalid',
  },
  { answer: 'true, by a foreign promise', verify: () => foreign(true), says: 'ok' },
])('a verifier that answers $answer', async ({ verify, says }) => {
  const verifier: SignatureVerifier = { verify }
  const checked = await checkSignature(certificate, 1, certificate.spki, verifier, freshBudget())
  expect(checked.ok ? 'ok' : checked.error.code).toBe(says)
})

test.each([
  { place: 'the leaf', at: 0, comesOnce: true },
  { place: 'an issuer', at: 1, comesOnce: false },
])('a verifier is told whether to remember: $place', async ({ at, comesOnce }) => {
  const told: unknown[] = []
  const verify: SignatureVerifier['verify'] = (input) => {
    told.push(input.comesOnce)
    return true
  }
  const budget = freshBudget()
  await checkSignature(certificate, at, certificate.spki, { verify }, budget)
  await checkSignature(certificate, at, certificate.spki, { verify }, budget)
  expect(told).toEqual([comesOnce])
})

test('a key that nobody here can verify with is refused as its issuer’s, and costs nothing', async () => {
  const asked: unknown[] = []
  const verify: SignatureVerifier['verify'] = (input) => asked.push(input) > 0
  for (const key of [octets(5, 0), sequence(octets(5, 0))]) {
    const budget = { ...freshBudget(), signatures: 0 }
    expect(await checkSignature(certificate, 2, key, { verify }, budget)).toEqual({
      ok: false,
      error: { code: 'key_unsupported', at: 3, key, set: 'verifiable' },
    })
  }
  expect(asked).toEqual([])
})

test('what a verifier answers on the spot is answered on the spot', () => {
  const verifier: SignatureVerifier = { verify: () => true }
  const checked = checkSignature(certificate, 1, certificate.spki, verifier, freshBudget())
  expect(checked).toEqual({ ok: true, value: undefined })
})

test('a right signature and a wrong one of the same certificate are told apart by the key', async () => {
  const other = certificateOf(await createCa())
  const verifier: SignatureVerifier = { verify: ({ spki }) => spki === certificate.spki }
  const budget = { ...freshBudget(), signatures: 2 }
  for (const { spki, says } of [
    { spki: certificate.spki, says: true },
    { spki: other.spki, says: false },
    { spki: certificate.spki.slice(), says: true },
    { spki: other.spki.slice(), says: false },
  ]) {
    expect((await checkSignature(certificate, 1, spki, verifier, budget)).ok).toBe(says)
  }
  expect(budget.signatures).toBe(0)
})
