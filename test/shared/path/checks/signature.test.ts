import { expect, test } from 'vitest'
import { freshBudget } from '#shared/path/budget.ts'
import { checkSignature } from '#shared/path/checks/signature.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
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
