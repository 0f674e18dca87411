import { describe, expect, test } from 'vitest'
import { checkCertificate } from '#shared/enrollment/check-certificate.ts'
import { profiles, type DeviceProfile } from '#shared/enrollment/profile.ts'
import { shift } from '#shared/time.ts'
import { octets, octetString } from '../der/writer.ts'
import { createCa, extension, issue, noon, type Overrides } from '../pki.ts'

const root = await createCa()
const dayMs = 86_400_000

/** What the tests' usual leaf lacks, which these tests are not about. */
const usual = ['cert.aki', 'cert.revocation']

const profile: DeviceProfile = {
  ...profiles.device,
  validity: { ...profiles.device.validity, lifetimeMaxMs: 100 * dayMs, shortLivedMs: 7 * dayMs },
}

async function codesOf(overrides: Overrides): Promise<readonly string[]> {
  const leaf = await issue(root, {
    notBefore: shift(noon, -dayMs),
    notAfter: shift(noon, 50 * dayMs),
    serial: [1, 2, 3, 4, 5, 6, 7, 8],
    ...overrides,
    extensions: { ski: extension('2.5.29.14', octetString(octets(1))), ...overrides.extensions },
  })
  const { findings } = await checkCertificate(leaf.der, { profile, now: noon })
  return findings.map(({ code }) => code).filter((code) => !usual.includes(code))
}

const ones = (count: number) => Array.from({ length: count }, () => 1)

const cases: readonly { name: string; overrides: Overrides; found: readonly string[] }[] = [
  { name: 'the usual leaf', overrides: {}, found: [] },
  { name: 'a serial of 7 octets', overrides: { serial: ones(7) }, found: ['cert.serialEntropy'] },
  { name: 'a serial of 20 octets', overrides: { serial: ones(20) }, found: [] },
  { name: 'a serial of 21 octets', overrides: { serial: ones(21) }, found: ['cert.serial'] },
  {
    name: 'begins as far ahead as clocks may go',
    overrides: { notBefore: shift(noon, 300_000) },
    found: [],
  },
  {
    name: 'begins a second later',
    overrides: { notBefore: shift(noon, 301_000) },
    found: ['cert.notYetValid'],
  },
  { name: 'ends in this second', overrides: { notAfter: noon }, found: [] },
  {
    name: 'ended a second ago',
    overrides: { notAfter: shift(noon, -1000) },
    found: ['cert.expired'],
  },
  { name: 'lives as long as it may', overrides: { notAfter: shift(noon, 99 * dayMs) }, found: [] },
  {
    name: 'lives a second longer',
    overrides: { notAfter: shift(noon, 99 * dayMs + 1000) },
    found: ['cert.validity'],
  },
]

test.each(cases)('$name: $found', async ({ overrides, found }) => {
  expect(await codesOf(overrides)).toEqual(found)
})

describe('a short life needs no list of the revoked', () => {
  test.each([
    { name: 'seven days', ms: 6 * dayMs, found: [] },
    { name: 'a second more', ms: 6 * dayMs + 1000, found: ['cert.revocation'] },
  ])('$name: $found', async ({ ms, found }) => {
    const leaf = await issue(root, {
      notBefore: shift(noon, -dayMs),
      notAfter: shift(noon, ms),
    })
    const { findings } = await checkCertificate(leaf.der, { profile, now: noon })
    const codes = findings.map(({ code }) => code)
    expect(codes.filter((code) => code === 'cert.revocation')).toEqual(found)
  })
})

test('nothing at all is malformed, and names the byte', async () => {
  const { certificate, findings } = await checkCertificate(octets(), { profile, now: noon })
  expect(certificate).toBeUndefined()
  expect(findings).toMatchObject([
    { code: 'der.malformed', path: 'certificate', found: 'something else at byte 0' },
  ])
})
