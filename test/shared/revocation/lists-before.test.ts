import { describe, expect, test } from 'vitest'
import { noExtensions } from '#shared/x509/extensions.ts'
import { checkRevocation } from '#shared/path/checks/revocation.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { compileCrl } from '#shared/revocation/compiled/compile.ts'
import { openByDigest, type ShardedCrl } from '#shared/revocation/compiled/load.ts'
import type { RevocationList } from '#shared/revocation/crl-signature.ts'
import type { FreshnessPolicy } from '#shared/revocation/freshness.ts'
import type { Crl } from '#shared/revocation/crl.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl, crlOf, entry, reason, type CrlOverrides } from '../crls.ts'
import { integer, octets } from '../der/writer.ts'
import { at, certificateOf, createCa, extension, noon } from '../pki.ts'
import { trust } from '../relying-party.ts'

const ca = await createCa()
const store = await trust({ anchors: [ca] })
const verifier = createWebCryptoVerifier()

const crl = async (overrides: CrlOverrides = {}): Promise<Crl> =>
  crlOf(await createCrl(ca, overrides))
const delta = (base: number, overrides: CrlOverrides): Promise<Crl> =>
  crl({
    ...overrides,
    extensions: { base: extension('2.5.29.27', integer(base), 'critical') },
  })

/** A list of number 9 whose shards never come, and what was in force before it. */
async function away(before: readonly RevocationList[]): Promise<ShardedCrl> {
  const list = await crl({ number: 9 })
  const compiled = await compileCrl(list, {
    issuer: certificateOf(ca),
    verifier,
    sign: 'by_digest',
  })
  if (!compiled.ok) throw new Error(compiled.error.code)
  const opened = openByDigest(compiled.value.manifest, {
    loadShard: async () => undefined,
    before: () => before,
  })
  if (!opened.ok) throw new Error(opened.error.code)
  return opened.value.list
}

const serial = [0x2a]
const question = {
  serial: octets(...serial),
  issuer: ca.name,
  isCa: false,
  extensions: noExtensions,
}

async function said(
  crls: readonly RevocationList[],
  policy: VerificationPolicy = strictPolicy,
): Promise<string> {
  const found = await checkRevocation(
    question,
    0,
    { crls, forged: false },
    { store, policy, now: noon },
  )
  if (found.ok) return 'ok'
  return found.error.code === 'revocation_unknown' ? found.error.gap : found.error.code
}

const under = (words: Partial<FreshnessPolicy>, maxAgeMs?: number): VerificationPolicy => ({
  ...strictPolicy,
  revocation: {
    of: 'chain',
    freshness: { graceMs: 0, stale: 'refuse', absent: 'refuse', ...words },
    ...(maxAgeMs !== undefined && { maxAgeMs }),
  },
})

const takesAbsent = under({ absent: 'accept' })
const listed: CrlOverrides = { entries: [entry(serial)] }
const silent = await crl()
const naming = await crl(listed)
const ended = await crl({ nextUpdate: at('2026-06-15T00:00:00Z') })
const early = await crl({ thisUpdate: at('2026-06-16T00:00:00Z') })
const foreignScope = await crl({
  extensions: { scope: extension('2.5.29.99', octets(5, 0), 'critical') },
})
const namingDelta = await delta(7, { ...listed, number: 8 })
const removingDelta = await delta(7, { entries: [entry(serial, reason(8))], number: 8 })

describe('a shard of a list in force is not to be had: what was in force before it decides', () => {
  test.each([
    { name: 'a silent list clears', before: [silent], says: 'ok' },
    { name: 'a list revokes whom it names', before: [naming], says: 'revoked' },
    { name: 'nothing before it clears nobody', before: [], says: 'not_at_hand' },
    {
      name: 'nothing before it clears nobody, though no list would',
      before: [],
      policy: takesAbsent,
      says: 'not_at_hand',
    },
    { name: 'a list that has ended clears nobody', before: [ended], says: 'not_at_hand' },
    {
      name: 'a list that has ended clears where its silence is taken',
      before: [ended],
      policy: under({ stale: 'accept' }),
      says: 'ok',
    },
    {
      name: 'a list that has not begun is no missing list',
      before: [early],
      policy: takesAbsent,
      says: 'not_at_hand',
    },
    {
      name: 'a list that cannot be understood is no missing list',
      before: [foreignScope],
      policy: takesAbsent,
      says: 'not_at_hand',
    },
    {
      name: 'a list older than the policy lets clear',
      before: [silent],
      policy: under({}, 3_600_000),
      says: 'not_at_hand',
    },
    {
      name: 'a delta over it revokes whom it names',
      before: [silent, namingDelta],
      says: 'revoked',
    },
    {
      name: 'a delta over it takes off whom it takes off',
      before: [naming, removingDelta],
      says: 'ok',
    },
  ])('$name: $says', async ({ before, policy, says }) => {
    expect(await said([await away(before)], policy)).toBe(says)
  })

  test('a new delta that names it revokes, whatever was before', async () => {
    const over = await delta(9, { ...listed, number: 10 })
    expect(await said([await away([silent]), over])).toBe('revoked')
  })

  test('one that is away itself is replaced in turn, three times', async () => {
    const once = await away([silent])
    const twice = await away([once])
    const thrice = await away([twice])
    expect(await said([twice])).toBe('ok')
    expect(await said([thrice])).toBe('ok')
    expect(await said([await away([thrice])])).toBe('not_at_hand')
  })
})
