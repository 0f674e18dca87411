import { expect, test } from 'vitest'
import { checkChain, type ChainWanted } from '#shared/enrollment/check-chain.ts'
import { profiles, type DeviceProfile } from '#shared/enrollment/profile.ts'
import { shift } from '#shared/time.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCa, issue, issueCa, noon } from '../pki.ts'

const dayMs = 86_400_000
const root = await createCa()
const issuing = await issueCa(root, { notAfter: shift(noon, 100 * dayMs) })

/** What these tests are about: the others' codes are the corpus's. */
async function chainCodesOf(
  ders: Parameters<typeof checkChain>[0],
  profile: Partial<DeviceProfile>,
  more: Partial<ChainWanted> = {},
): Promise<readonly string[]> {
  const { findings } = await checkChain(ders, {
    profile: { ...profiles.device, ...profile },
    now: noon,
    verifier: createWebCryptoVerifier(),
    ...more,
  })
  const codes = new Set(findings.map(({ code }) => code))
  return [...codes].filter((code) => watched.has(code)).toSorted()
}

const watched: ReadonlySet<string> = new Set([
  'chain.horizon',
  'chain.length',
  'chain.signature',
  'chain.order',
  'cert.nesting',
  'cert.expired',
  'der.malformed',
])

const horizon = [
  { name: 'an issuer that lives as long as the devices', days: 100, found: [] },
  { name: 'an issuer that ends before them', days: 101, found: ['chain.horizon'] },
]

test.each(horizon)('Chromecast: $name: $found', async ({ days, found }) => {
  const leaf = await issue(issuing, { notAfter: shift(noon, dayMs) })
  const ders = [leaf.der, issuing.der]
  expect(await chainCodesOf(ders, { serviceLifeMs: days * dayMs })).toEqual(found)
})

test.each([
  { name: 'in the same second', ms: 100 * dayMs, found: [] },
  { name: 'a second later', ms: 100 * dayMs + 1000, found: ['cert.nesting'] },
])('a leaf that ends $name than its issuer: $found', async ({ ms, found }) => {
  const leaf = await issue(issuing, { notAfter: shift(noon, ms) })
  expect(await chainCodesOf([leaf.der, issuing.der], {})).toEqual(found)
})

test('Matter Core 6.2.3.1: attestation is asked as of the leaf’s beginning', async () => {
  const ended = await issueCa(root, { notAfter: shift(noon, -dayMs) })
  const leaf = await issue(ended, { notBefore: shift(noon, -10 * dayMs) })
  const chain = { ...profiles.device.chain, nesting: 'optional' } as const
  const ders = [leaf.der, ended.der]
  expect(await chainCodesOf(ders, { chain: { ...chain, at: 'now' } })).toEqual(['cert.expired'])
  expect(await chainCodesOf(ders, { chain: { ...chain, at: 'leafNotBefore' } })).toEqual([])
})

test('no chain at all, and one of a thousand, are of no length that is wanted', async () => {
  expect(await chainCodesOf([], {})).toEqual(['chain.length'])
  const leaf = await issue(issuing)
  let asked = 0
  const verifier = {
    verify: () => {
      asked += 1
      return true
    },
  }
  const thousand = Array.from({ length: 1000 }, () => leaf.der)
  const codes = await chainCodesOf(thousand, {}, { verifier })
  expect(codes).toContain('chain.length')
  expect(asked).toBeLessThan(16)
})
