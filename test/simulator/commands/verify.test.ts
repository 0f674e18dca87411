import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { instantFromIso, shift } from '#shared/time.ts'
import { createAuthority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { runCli } from './cli.ts'

const dir = mkdtempSync(join(tmpdir(), 'sallyport-verify-'))
const start = instantFromIso('2027-01-01T00:00:00Z')
const dayMs = 86_400_000
const path = (name: string): string => join(dir, name)
let good: DeviceCredential

beforeAll(async () => {
  const authority = await createAuthority({
    seed: 1,
    start,
    intermediates: 1,
    ledger: new Ledger(),
  })
  const bounds = { kind: 'car', notBefore: start, notAfter: shift(start, 30 * dayMs), at: start }
  good = await authority.issue({ device: 'car-0001', ...bounds })
  const revoked = await authority.issue({ device: 'car-0002', ...bounds })
  authority.revoke(revoked.serial, start, 'keyCompromise')
  writeFileSync(path('ca.pem'), authority.anchorsPem)
  writeFileSync(path('good.pem'), good.chainPem)
  writeFileSync(path('revoked.pem'), revoked.chainPem)
  writeFileSync(path('leaf.pem'), good.chainPem.slice(0, good.chainPem.indexOf('-----BEGIN', 1)))
  writeFileSync(path('key.pem'), good.keyPem)
  for (const { name, der } of await authority.crls(start, 40 * dayMs))
    writeFileSync(path(name), der)
})

afterAll(() => rmSync(dir, { recursive: true }))

const crls = (): readonly string[] => ['--crl', path('root.crl'), '--crl', path('issuing-1.crl')]
const onDay = (day: number): readonly string[] => [
  '--at',
  new Date(start + day * dayMs).toISOString(),
]

test('a good chain is accepted: status 0 and the identity', async () => {
  const done = await runCli(
    'verify',
    '--trust',
    path('ca.pem'),
    ...crls(),
    ...onDay(1),
    path('good.pem'),
  )
  expect(JSON.parse(done.stdout)).toMatchObject({
    outcome: 'accepted',
    at: '2027-01-02T00:00:00Z',
    identity: { serial: good.serial, notAfter: '2027-01-31T00:00:00Z' },
  })
  expect(done.status).toBe(0)
})

test('a byte order mark before the PEM is passed over', async () => {
  const mark = '\u{FEFF}'
  writeFileSync(path('bom-ca.pem'), `${mark}${readFileSync(path('ca.pem'), 'utf8')}`)
  writeFileSync(path('bom.pem'), `${mark}${good.chainPem}`)
  const done = await runCli('verify', '--trust', path('bom-ca.pem'), ...onDay(1), path('bom.pem'))
  expect([done.status, done.stderr]).toEqual([0, ''])
})

const refusals = [
  { name: 'revoked', chain: 'revoked.pem', day: 1, crl: true, flags: [], code: 'revoked' },
  { name: 'expired', chain: 'good.pem', day: 31, crl: true, flags: [], code: 'expired' },
  {
    name: 'past its grace',
    chain: 'good.pem',
    day: 33,
    crl: true,
    flags: ['--expired', 'grace 2d'],
    code: 'expired',
  },
  { name: 'not begun', chain: 'good.pem', day: -1, crl: true, flags: [], code: 'not_yet_valid' },
  {
    name: 'without its intermediate',
    chain: 'leaf.pem',
    day: 1,
    crl: true,
    flags: [],
    code: 'untrusted',
  },
  {
    name: 'without a CRL',
    chain: 'good.pem',
    day: 1,
    crl: false,
    flags: ['--revocation', 'chain'],
    code: 'revocation_unknown',
  },
]

test.each(refusals)(
  'a chain that is $name: status 1 and $code',
  async ({ chain, day, crl, flags, code }) => {
    const lists = crl ? crls() : []
    const done = await runCli(
      'verify',
      '--trust',
      path('ca.pem'),
      ...lists,
      ...onDay(day),
      ...flags,
      path(chain),
    )
    expect(JSON.parse(done.stdout)).toMatchObject({ outcome: 'refused', code })
    expect(done.status).toBe(1)
  },
)

test.each(['alb', 'fips'])(
  'our own CA keeps every MUST on CAs, and its keys are in %s',
  async (set) => {
    const flags = ['--profile', 'conforming', '--algorithms', set]
    const asked = ['--trust', path('ca.pem'), ...crls(), ...onDay(1), ...flags, path('good.pem')]
    const done = await runCli('verify', ...asked)
    expect(JSON.parse(done.stdout)).toMatchObject({ outcome: 'accepted' })
  },
)

test.each([['allow'], ['grace 2d']])(
  'an expired chain is accepted with --expired %s',
  async (word) => {
    const done = await runCli(
      'verify',
      '--trust',
      path('ca.pem'),
      ...crls(),
      ...onDay(31),
      '--expired',
      word,
      path('good.pem'),
    )
    expect(JSON.parse(done.stdout)).toMatchObject({ outcome: 'accepted' })
  },
)

const unusable = [
  {
    name: 'a key for a chain',
    args: () => ['--trust', path('ca.pem'), path('key.pem')],
    says: /key\.pem: line 1: expected -----BEGIN CERTIFICATE/,
  },
  {
    name: 'a missing file',
    args: () => ['--trust', path('ca.pem'), path('nowhere.pem')],
    says: /nowhere\.pem/,
  },
  {
    name: 'a CRL that is none',
    args: () => ['--trust', path('ca.pem'), '--crl', path('ca.pem'), path('good.pem')],
    says: /ca\.pem: line 1: expected -----BEGIN X509 CRL/,
  },
  {
    name: 'a day that is none',
    args: () => ['--trust', path('ca.pem'), '--at', 'tomorrow', path('good.pem')],
    says: /--at: "tomorrow" is not an ISO 8601 date-time/,
  },
  {
    name: 'a word that is none',
    args: () => ['--trust', path('ca.pem'), '--expired', 'maybe', path('good.pem')],
    says: /--expired maybe: expected refuse, allow/,
  },
]

test.each(unusable)('$name cannot be used: status 2', async ({ args, says }) => {
  const done = await runCli('verify', ...args())
  expect(done.stderr).toMatch(says)
  expect(done.stdout).toBe('')
  expect(done.status).toBe(2)
})
