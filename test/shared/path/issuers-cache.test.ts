import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { freshBudget } from '#shared/path/budget.ts'
import { buildVerifiedPath } from '#shared/path/build.ts'
import { createIssuersCache } from '#shared/path/issuers-cache.ts'
import type { Terms } from '#shared/path/terms.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { context, octets, sequence } from '../der/writer.ts'
import { newKeys } from '../keys.ts'
import { certificateOf, createCa, extension, issue, issueCa, type Entity } from '../pki.ts'
import { relyingParty, trust, withoutRevocation } from '../relying-party.ts'

const authorityKey = (...keyId: readonly number[]): Bytes =>
  extension('2.5.29.35', sequence(context(0, octets(...keyId))))

const root = await createCa()
const keys = await newKeys()
const issuing = certificateOf(await issueCa(root, { keys }))
const issuingCa: Entity = { name: issuing.subject, keys, der: issuing.der }
const namesake = certificateOf(await issueCa(root))
const store = await trust({ anchors: [root] })
const party = relyingParty(store)

const first = certificateOf(await issue(issuingCa))
const next = certificateOf(await issue(issuingCa, { subject: 'car-0002' }))
const hinted = (...keyId: readonly number[]) =>
  issue(issuingCa, { extensions: { authorityKey: authorityKey(...keyId) } }).then(certificateOf)
const withKeyId = await hinted(1, 2, 3, 4)
const withSameKeyId = await hinted(1, 2, 3, 4)
const withOtherKeyId = await hinted(9, 2, 3, 4)
const ofOtherIssuer = certificateOf(
  await issue({ ...issuingCa, name: certificateOf(await createCa({ subject: 'Other' })).subject }),
)
/** In the same place of the cache as `withKeyId`, and not the same. */
const withLikeKeyId = await hinted(9, 1, 2, 3, 4)
/** The issuer's name with another first letter: its octets end alike. */
const likeName = issuing.subject.slice()
likeName[13] = (likeName[13] ?? 0) ^ 1
const ofLikeIssuer = certificateOf(await issue({ ...issuingCa, name: likeName }))
const withIssuersKey = certificateOf(await issue(issuingCa, { keys }))

/** What a search for one leaf leaves in an empty cache. */
async function cacheAfter(leaf: Certificate, pool: readonly Certificate[], terms: Terms = party) {
  const cache = createIssuersCache()
  const budget = freshBudget()
  const path = await buildVerifiedPath(leaf, pool, { ...party, ...terms, budget })
  if (!path.ok) throw new Error(path.error.code)
  cache.keep(path.value, pool, freshBudget().paths - budget.paths, terms)
  return cache
}

describe('what a search would try first', () => {
  const other = { verifier: createWebCryptoVerifier() }
  test.each<{
    name: string
    leaf: Certificate
    pool?: readonly Certificate[]
    terms?: object
    is: boolean
  }>([
    { name: 'another leaf of the issuer', leaf: next, is: true },
    { name: 'the same leaf', leaf: first, is: true },
    { name: 'a leaf with a key identifier', leaf: withKeyId, is: false },
    { name: 'a leaf of another issuer', leaf: ofOtherIssuer, is: false },
    { name: 'a leaf of an issuer whose name ends alike', leaf: ofLikeIssuer, is: false },
    { name: "a leaf that bears its issuer's key", leaf: withIssuersKey, is: false },
    { name: 'nothing presented', leaf: next, pool: [], is: false },
    { name: 'a namesake of the issuer first', leaf: next, pool: [namesake, issuing], is: false },
    { name: 'octets read anew', leaf: next, pool: [certificateOf(issuing)], is: false },
    { name: 'another policy', leaf: next, terms: { policy: { ...withoutRevocation } }, is: false },
    { name: 'another verifier', leaf: next, terms: other, is: false },
    {
      name: 'other limits',
      leaf: next,
      terms: { store: { ...store, limits: { ...store.limits } } },
      is: false,
    },
    { name: 'other anchors', leaf: next, terms: { store: { ...store, trustHash: '' } }, is: false },
    { name: 'a later epoch', leaf: next, terms: { store: { ...store, epoch: 2 } }, is: true },
  ])('$name: $is', async ({ leaf, pool = [issuing], terms = {}, is }) => {
    const cache = await cacheAfter(first, [issuing])
    const found = cache.find(leaf, pool, { ...party, ...terms })
    expect(found?.certificates).toEqual(is ? [leaf, issuing] : undefined)
  })

  test('a leaf that bears the key of any issuer above it', async () => {
    const middleKeys = await newKeys()
    const middle = certificateOf(await issueCa(root, { keys: middleKeys, subject: 'Middle' }))
    const above: Entity = { name: middle.subject, keys: middleKeys, der: middle.der }
    const pool = [certificateOf(await issueCa(above, { keys })), middle]
    const cache = await cacheAfter(first, pool)
    expect(cache.find(next, pool, party)).toBeDefined()
    const bearsIt = certificateOf(await issue(issuingCa, { keys: middleKeys }))
    expect(cache.find(bearsIt, pool, party)).toBeUndefined()
  })

  test.each([
    { name: 'the same', leaf: withSameKeyId, is: true },
    { name: 'another', leaf: withOtherKeyId, is: false },
    { name: 'another that ends alike', leaf: withLikeKeyId, is: false },
    { name: 'none', leaf: next, is: false },
  ])('a key identifier, then $name: $is', async ({ leaf, is }) => {
    const cache = await cacheAfter(withKeyId, [issuing])
    expect(cache.find(leaf, [issuing], party) !== undefined).toBe(is)
  })
})

describe('what is not kept', () => {
  test('a path that the search came to by a detour', async () => {
    const pool = [namesake, issuing]
    const cache = await cacheAfter(first, pool)
    expect(cache.find(next, pool, party)).toBeUndefined()
  })

  test('a path of which the search left out an issuer for the sake of this leaf', async () => {
    const twin = certificateOf(await issueCa(root, { keys: await newKeys(), subject: 'Twin' }))
    const pool = [issuing, twin]
    const leaf = certificateOf(await issue(issuingCa, { parts: { spki: twin.spki } }))
    const cache = await cacheAfter(leaf, pool)
    expect(cache.find(next, pool, party)).toBeUndefined()
    expect((await cacheAfter(first, pool)).find(next, pool, party)).toBeDefined()
  })

  test('the same for the sake of a leaf that bears the key of a stored namesake', async () => {
    const ofTwin = await newKeys()
    const twin: Entity = await issueCa(root, { keys: ofTwin }).then((der) => ({
      ...issuingCa,
      keys: ofTwin,
      der: certificateOf(der).der,
    }))
    const intermediates = [issuingCa, twin]
    const stored = { ...party, store: await trust({ anchors: [root], intermediates }) }
    const leaf = certificateOf(await issue(issuingCa, { keys: ofTwin }))
    expect((await cacheAfter(leaf, [], stored)).find(next, [], stored)).toBeUndefined()
    expect((await cacheAfter(first, [], stored)).find(next, [], stored)).toBeDefined()
  })

  test('what would weigh more than the cache may', async () => {
    const budget = freshBudget()
    const path = await buildVerifiedPath(first, [issuing], { ...party, budget })
    if (!path.ok) throw new Error(path.error.code)
    const keptWith = (pool: readonly Certificate[]) => {
      const cache = createIssuersCache()
      cache.keep(path.value, pool, path.value.certificates.length, party)
      return cache.find(next, pool, party)
    }
    const heavy = Array.from({ length: 256 * 1024 }, () => issuing)
    expect(keptWith([issuing, issuing])).toBeDefined()
    expect(keptWith(heavy)).toBeUndefined()
  })

  test('what another store has: its own issuers are found', async () => {
    const stored = { ...party, store: await trust({ anchors: [root], intermediates: [issuingCa] }) }
    const leaf = certificateOf(await issue(issuingCa))
    const cache = await cacheAfter(leaf, [], stored)
    expect(cache.find(next, [], stored)?.certificates.map(({ der }) => der)).toEqual([
      next.der,
      issuing.der,
    ])
    expect(cache.find(next, [], party)).toBeUndefined()
  })
})
