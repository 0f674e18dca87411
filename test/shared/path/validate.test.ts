import { describe, expect, test } from 'vitest'
import { buildVerifiedPath } from '#shared/path/build.ts'
import { freshBudget } from '#shared/path/budget.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import { checkStanding } from '#shared/path/validate.ts'
import { shift, type Instant } from '#shared/time.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'
import { explicit, octets, octetString } from '../der/writer.ts'
import {
  anyPurpose,
  at,
  basicConstraints,
  certificateOf,
  clientAuth,
  createCa,
  extension,
  issue,
  issueCa,
  keyUsage,
  name,
  nameConstraints,
  noon,
  purposes,
  serverAuth,
  type Entity,
  type Overrides,
} from '../pki.ts'
import { relyingParty, trust, withoutRevocation } from '../relying-party.ts'
import { newKeys } from '../keys.ts'

const root = await createCa()
const keys = await newKeys()

/** The verdict on a path leaf first, its last certificate issued by the anchor. */
async function verdict(
  chain: readonly Entity[],
  anchor: Entity = root,
  changes: Parameters<typeof relyingParty>[1] = {},
): Promise<'ok' | Rejection> {
  const [leaf, ...pool] = chain.map(certificateOf)
  if (leaf === undefined) throw new Error('a path has a leaf')
  const context = relyingParty(await trust({ anchors: [anchor] }), changes)
  const path = await buildVerifiedPath(leaf, pool, { ...context, budget: freshBudget() })
  return path.ok ? 'ok' : path.error
}

const leafOf = (issuer: Entity, overrides: Overrides = {}) => issue(issuer, { keys, ...overrides })

const allowing = {
  digitalSignature: octets(0x80),
  keyEncipherment: octets(0x20),
  keyCertSign: octets(0x04),
  cRLSign: octets(0x02),
} as const

const forbidsUse = (allowed: keyof typeof allowing, place = 0) => ({
  code: 'key_usage_forbids',
  at: place,
  needed: place === 0 ? 'digitalSignature' : 'keyCertSign',
  allowed: allowing[allowed],
})
const forbidsPurpose = (allowed: string, place = 0) => ({
  code: 'purpose_forbids',
  at: place,
  needed: clientAuth,
  allowed: [allowed],
})

describe('the leaf', () => {
  const odd = '1.3.6.1.4.1.55738.1'

  test.each([
    { name: 'no key usage restricts nothing', extensions: { keyUsage: undefined }, says: 'ok' },
    {
      name: 'key encipherment alone',
      extensions: { keyUsage: keyUsage('keyEncipherment') },
      says: forbidsUse('keyEncipherment'),
    },
    {
      name: 'certificate signing alone',
      extensions: { keyUsage: keyUsage('keyCertSign') },
      says: forbidsUse('keyCertSign'),
    },
    { name: 'no purposes restrict nothing', extensions: { purposes: undefined }, says: 'ok' },
    { name: 'client authentication', extensions: { purposes: purposes(clientAuth) }, says: 'ok' },
    {
      name: 'client authentication among others',
      extensions: { purposes: purposes(serverAuth, clientAuth) },
      says: 'ok',
    },
    {
      name: 'server authentication',
      extensions: { purposes: purposes(serverAuth) },
      says: forbidsPurpose(serverAuth),
    },
    {
      name: 'any purpose, without the one',
      extensions: { purposes: purposes(anyPurpose) },
      says: forbidsPurpose(anyPurpose),
    },
    {
      name: 'any purpose and the one',
      extensions: { purposes: purposes(anyPurpose, clientAuth) },
      says: 'ok',
    },
    { name: 'an unknown extension', extensions: { odd: extension(odd, octets()) }, says: 'ok' },
    {
      name: 'an unknown critical extension',
      extensions: { odd: extension(odd, octets(), 'critical') },
      says: { code: 'critical_extension_unknown', at: 0, oid: odd },
    },
  ])('$name', async ({ extensions, says }) => {
    expect(await verdict([await leafOf(root, { extensions })])).toEqual(says)
  })
})

describe('an issuer', () => {
  const notCa = { code: 'not_a_ca', at: 1, basicConstraints: 'absent' }
  const notAnAuthority = extension('2.5.29.19', octets(0x30, 0x00), 'critical')

  test.each([
    { name: 'a CA', extensions: {}, says: 'ok' },
    { name: 'without basic constraints', extensions: { basicConstraints: undefined }, says: notCa },
    {
      name: 'basic constraints that say no',
      extensions: { basicConstraints: notAnAuthority },
      says: { ...notCa, basicConstraints: 'cA false' },
    },
    { name: 'without key usage', extensions: { keyUsage: undefined }, says: 'ok' },
    {
      name: 'key usage without CRL signing',
      extensions: { keyUsage: keyUsage('keyCertSign') },
      says: 'ok',
    },
    {
      name: 'key usage for CRLs alone',
      extensions: { keyUsage: keyUsage('cRLSign') },
      says: forbidsUse('cRLSign', 1),
    },
    {
      name: 'key usage of a device',
      extensions: { keyUsage: keyUsage('digitalSignature') },
      says: forbidsUse('digitalSignature', 1),
    },
    {
      name: 'purposes with client authentication',
      extensions: { purposes: purposes(serverAuth, clientAuth) },
      says: 'ok',
    },
    { name: 'any purpose', extensions: { purposes: purposes(anyPurpose) }, says: 'ok' },
    {
      name: 'server authentication alone',
      extensions: { purposes: purposes(serverAuth) },
      says: forbidsPurpose(serverAuth, 1),
    },
    {
      name: 'an unknown critical extension',
      extensions: { odd: extension('1.2.3', octetString(octets()), 'critical') },
      says: { code: 'critical_extension_unknown', at: 1, oid: '1.2.3' },
    },
  ])('$name', async ({ extensions, says }) => {
    const issuing = await issueCa(root, { extensions })
    expect(await verdict([await leafOf(issuing), issuing])).toEqual(says)
  })

  test('a device that signs for another', async () => {
    const device = await leafOf(root)
    const other = await issue({ ...device, keys }, { subject: 'car-0002' })
    expect(await verdict([other, device])).toEqual(notCa)
  })

  test('a version 1 certificate says nothing of being a CA', async () => {
    const issuing = await issueCa(root, { parts: { version: octets(), extensions: octets() } })
    expect(await verdict([await leafOf(issuing), issuing])).toEqual(notCa)
  })
})

describe('the anchor is a name and a key, narrowed by what its certificate says', () => {
  test.each([
    { name: 'its validity is not asked', overrides: { notAfter: at('2026-02-01T00:00:00Z') } },
    {
      name: 'it need not say that it is a CA',
      overrides: { extensions: { basicConstraints: undefined } },
    },
    { name: 'its own signature is not asked', overrides: { signedWith: keys } },
    {
      name: 'a path length that suffices',
      overrides: { extensions: { basicConstraints: basicConstraints(0) } },
    },
  ])('$name', async ({ overrides }) => {
    const anchor = await createCa(overrides)
    expect(await verdict([await leafOf(anchor)], anchor)).toBe('ok')
  })

  test('it may be an intermediate, whose issuer nobody knows', async () => {
    const issuing = await issueCa(root)
    expect(await verdict([await leafOf(issuing)], issuing)).toBe('ok')
  })

  test('its path length binds (RFC 5937)', async () => {
    const anchor = await createCa({ extensions: { basicConstraints: basicConstraints(0) } })
    const issuing = await issueCa(anchor)
    const says = { code: 'path_length_exceeded', at: 2, found: 1, limit: 0 }
    expect(await verdict([await leafOf(issuing), issuing], anchor)).toEqual(says)
  })

  test.each([
    {
      name: 'its key usage binds',
      extensions: { keyUsage: keyUsage('cRLSign') },
      says: forbidsUse('cRLSign', 1),
    },
    {
      name: 'its purposes bind',
      extensions: { purposes: purposes(serverAuth) },
      says: forbidsPurpose(serverAuth, 1),
    },
    {
      name: 'it is no CA where it says so',
      extensions: { basicConstraints: extension('2.5.29.19', octets(0x30, 0x00), 'critical') },
      says: { code: 'not_a_ca', at: 1, basicConstraints: 'cA false' },
    },
  ])('$name, unless the policy takes a name and a key alone', async ({ extensions, says }) => {
    const anchor = await createCa({ extensions })
    const chain = [await leafOf(anchor)]
    expect(await verdict(chain, anchor)).toEqual(says)
    const bare = { ...withoutRevocation.anchor, constraints: 'ignore' } as const
    const policy = { ...withoutRevocation, anchor: bare }
    expect(await verdict(chain, anchor, { policy })).toBe('ok')
  })

  test.each([
    { name: 'over', overrides: { notAfter: at('2026-06-15T11:59:59Z') }, says: ['expired', 1] },
    { name: 'to come', overrides: { notBefore: shift(noon, 1000) }, says: ['not_yet_valid', 1] },
    { name: 'not over', overrides: { notAfter: noon }, says: ['ok'] },
  ])('its validity, $name, where the policy asks: $says', async ({ overrides, says }) => {
    const anchor = await createCa(overrides)
    const chain = [await leafOf(anchor)]
    const asking = { ...withoutRevocation.anchor, validity: 'enforce' } as const
    const policy = { ...withoutRevocation, anchor: asking }
    const result = await verdict(chain, anchor, { policy })
    expect(result === 'ok' ? [result] : [result.code, 'at' in result && result.at]).toEqual(says)
    expect(await verdict(chain, anchor)).toBe('ok')
  })

  test('its name constraints bind (RFC 5937)', async () => {
    const constraints = nameConstraints({ excluded: [explicit(4, name('car-0001'))] })
    const anchor = await createCa({ extensions: { constraints } })
    const says = { at: 0, constrainedBy: 1, form: 'directory', name: name('car-0001') }
    expect(await verdict([await leafOf(anchor)], anchor)).toEqual({
      code: 'name_constraint_violated',
      ...says,
    })
  })
})

/** A path of so many CAs below a first one that allows `limit`; each may be self-issued. */
async function below(limit: number, cas: readonly ('issued' | 'self-issued')[]) {
  const first = await issueCa(root, {
    subject: 'First',
    extensions: { basicConstraints: basicConstraints(limit) },
  })
  const chain = [first]
  let last = first
  for (const [depth, kind] of cas.entries()) {
    const subject = kind === 'issued' ? `Below ${depth}` : undefined
    last = await issueCa(
      last,
      subject === undefined ? { parts: { subject: last.name } } : { subject },
    )
    chain.unshift(last)
  }
  return [await leafOf(last), ...chain]
}

describe('path length (RFC 5280 6.1.4 (l) and (m))', () => {
  test.each([
    { name: 'none below where none may be', limit: 0, cas: [], ok: true },
    { name: 'one below where none may be', limit: 0, cas: ['issued'], ok: false },
    { name: 'one below where one may be', limit: 1, cas: ['issued'], ok: true },
    { name: 'two below where one may be', limit: 1, cas: ['issued', 'issued'], ok: false },
    { name: 'a self-issued one does not count', limit: 0, cas: ['self-issued'], ok: true },
    { name: 'but what it issued does', limit: 0, cas: ['self-issued', 'issued'], ok: false },
    { name: 'a self-issued one among others', limit: 1, cas: ['issued', 'self-issued'], ok: true },
  ] as const)('$name', async ({ limit, cas, ok }) => {
    const chain = await below(limit, cas)
    const found = cas.filter((kind) => kind === 'issued').length
    // An anchor has issued the first: the way to it past a self-issued one is tried before.
    const says = { code: 'path_length_exceeded', at: found + 1, found, limit }
    expect(await verdict(chain)).toEqual(ok ? 'ok' : says)
  })
})

describe('validity of every certificate', () => {
  const started = at('2026-06-15T12:00:00Z')
  const ended = at('2026-06-15T11:59:59Z')
  const grace = { ...withoutRevocation, expired: { word: 'grace', forMs: 60_000 } } as const
  const allow = { ...withoutRevocation, expired: { word: 'allow' } } as const

  test.each([
    { name: 'the first millisecond of notBefore', notBefore: started, now: noon, code: 'ok' },
    {
      name: 'a millisecond earlier',
      notBefore: started,
      now: shift(noon, -1),
      code: 'not_yet_valid',
    },
    { name: 'the last millisecond of notAfter', notAfter: ended, now: shift(noon, -1), code: 'ok' },
    { name: 'a millisecond later', notAfter: ended, now: noon, code: 'expired' },
  ])('$name: $code', async ({ now, code, ...dates }) => {
    const says = async (chain: readonly Entity[], certificateAt: number) => {
      const result = await verdict(chain, root, { now })
      return result === 'ok' ? result : [result.code, 'at' in result && result.at === certificateAt]
    }
    const expected = code === 'ok' ? 'ok' : [code, true]
    expect(await says([await leafOf(root, dates)], 0)).toEqual(expected)
    const issuing = await issueCa(root, dates)
    expect(await says([await leafOf(issuing), issuing], 1)).toEqual(expected)
  })

  test.each([
    { name: 'within the grace', policy: grace, now: shift(noon, 59_999), code: 'ok' },
    { name: 'after the grace', policy: grace, now: shift(noon, 60_000), code: 'expired' },
    { name: 'allowed for ever', policy: allow, now: at('2099-01-01T00:00:00Z'), code: 'ok' },
  ])('an ended leaf, $name: $code', async ({ policy, now, code }) => {
    const result = await verdict([await leafOf(root, { notAfter: ended })], root, { policy, now })
    expect(result === 'ok' ? result : result.code).toBe(code)
  })

  test.each([{ policy: grace }, { policy: allow }])(
    'grace is for leaves alone',
    async ({ policy }) => {
      const issuing = await issueCa(root, { notAfter: ended })
      const result = await verdict([await leafOf(issuing), issuing], root, { policy })
      expect(result).toMatchObject({ code: 'expired', at: 1 })
    },
  )
})

describe('order of the rules', () => {
  const ended = { notAfter: at('2026-06-01T00:00:00Z') }

  test('a forged certificate is never called expired: no CA of ours dated it', async () => {
    const forged = await leafOf(root, { ...ended, signedWith: keys })
    expect(await verdict([forged])).toEqual({
      code: 'signature_invalid',
      at: 0,
      algorithm: root.keys.algorithm,
      issuer: root.name,
    })
  })

  test('what a certificate may be used for is said before a signature is spent', async () => {
    const purposeless = await leafOf(root, {
      extensions: { purposes: purposes(serverAuth) },
      signedWith: keys,
    })
    expect(await verdict([purposeless])).toMatchObject({ code: 'purpose_forbids', at: 0 })
  })

  test('a forged issuer is told before the leaf that it issued', async () => {
    const issuing = await issueCa(root, { signedWith: keys })
    const forged = await leafOf(issuing, { signedWith: keys })
    expect(await verdict([forged, issuing])).toMatchObject({ code: 'signature_invalid', at: 1 })
  })
})

async function standing(now: Instant) {
  const issuing = await issueCa(root, { notAfter: at('2026-08-01T00:00:00Z') })
  const leaf = await leafOf(issuing, { notAfter: at('2026-07-01T00:00:00Z') })
  const context = { ...relyingParty(await trust({ anchors: [root] })), budget: freshBudget() }
  const path = await buildVerifiedPath(certificateOf(leaf), [certificateOf(issuing)], context)
  if (!path.ok) throw new Error(path.error.code)
  const policy = {
    ...withoutRevocation,
    expired: { word: 'grace', forMs: 365 * 86_400_000 },
  } as const
  return {
    strict: await checkStanding(path.value, { ...context, now }),
    graceful: await checkStanding(path.value, { ...context, now, policy }),
    unknown: await checkStanding(path.value, { ...context, now, policy: strictPolicy }),
  }
}

describe('checkStanding: what time changes about a verified path', () => {
  test('nothing, while all of it is in its time', async () => {
    expect(await standing(noon)).toMatchObject({ strict: { ok: true }, graceful: { ok: true } })
  })

  test('the leaf has ended', async () => {
    const { strict, graceful } = await standing(at('2026-07-15T00:00:00Z'))
    expect(strict).toMatchObject({ ok: false, error: { code: 'expired', at: 0 } })
    expect(graceful).toEqual({ ok: true, value: undefined })
  })

  test('its issuer has ended', async () => {
    const { graceful } = await standing(at('2026-08-15T00:00:00Z'))
    expect(graceful).toMatchObject({ ok: false, error: { code: 'expired', at: 1 } })
  })

  test('revocation is asked under a policy that asks for it', async () => {
    const { unknown } = await standing(noon)
    expect(unknown).toMatchObject({
      ok: false,
      error: { code: 'revocation_unknown', at: 0, gap: 'absent' },
    })
  })
})
