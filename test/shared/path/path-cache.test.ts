import { describe, expect, test } from 'vitest'
import { identityOfLeaf } from '#shared/identity/device-identity.ts'
import { buildVerifiedPath } from '#shared/path/build.ts'
import { freshBudget } from '#shared/path/budget.ts'
import { createPathCache } from '#shared/path/path-cache.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { newKeys } from '../keys.ts'
import { certificateOf, createCa, issue, issueCa } from '../pki.ts'
import { relyingParty, trust, withoutRevocation } from '../relying-party.ts'

const keys = await newKeys()
const root = await createCa({ keys })
const upper = await issueCa(root, { keys, subject: 'Upper' })
const lower = await issueCa(upper, { keys, subject: 'Lower' })
const leaf = await issue(lower, { keys })
const chain = { leaf: leaf.der, intermediates: [lower.der, upper.der] }

const store = await trust({ anchors: [root] })
const terms = { store, policy: withoutRevocation, verifier: createWebCryptoVerifier() }

const path = await buildVerifiedPath(certificateOf(leaf), [lower, upper].map(certificateOf), {
  ...relyingParty(store, terms),
  budget: freshBudget(),
})
if (!path.ok) throw new Error(path.error.code)
const known = { ...chain, path: path.value, identity: identityOfLeaf(certificateOf(leaf)) }

const copy = (octets: Uint8Array) => Uint8Array.from(octets)

function kept(changes: Partial<typeof known> = {}) {
  const cache = createPathCache()
  cache.keep({ ...known, ...changes }, terms)
  return cache
}

describe('a path is found by the octets that were presented, all of them', () => {
  const other = copy(upper.der)
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1
  const bentLeaf = copy(leaf.der)
  bentLeaf[20] = (bentLeaf[20] ?? 0) ^ 1

  test.each([
    { title: 'the same', presented: chain, says: true },
    {
      title: 'copies',
      presented: { leaf: copy(leaf.der), intermediates: [lower.der, upper.der].map(copy) },
      says: true,
    },
    { title: 'another leaf', presented: { ...chain, leaf: bentLeaf }, says: false },
    {
      title: 'another order',
      presented: { ...chain, intermediates: [upper.der, lower.der] },
      says: false,
    },
    {
      title: 'another last intermediate',
      presented: { ...chain, intermediates: [lower.der, other] },
      says: false,
    },
    {
      title: 'another first intermediate',
      presented: { ...chain, intermediates: [other, upper.der] },
      says: false,
    },
    { title: 'one less', presented: { ...chain, intermediates: [lower.der] }, says: false },
    {
      title: 'one more',
      presented: { ...chain, intermediates: [lower.der, upper.der, root.der] },
      says: false,
    },
    { title: 'none', presented: { ...chain, intermediates: [] }, says: false },
  ])('$title: $says', ({ presented, says }) => {
    expect(kept().find(presented, terms)?.path === path.value).toBe(says)
  })
})

test.each([
  { title: 'the same', changed: {}, says: true },
  { title: 'another snapshot of the same trust', changed: { store: { ...store } }, says: true },
  { title: 'other trust', changed: { store: { ...store, trustHash: 'other' } }, says: false },
  {
    title: 'other limits',
    changed: { store: { ...store, limits: { ...store.limits } } },
    says: false,
  },
  { title: 'another policy', changed: { policy: { ...withoutRevocation } }, says: false },
  { title: 'another verifier', changed: { verifier: createWebCryptoVerifier() }, says: false },
])('a path is found under the terms it was verified under: $title: $says', ({ changed, says }) => {
  expect(kept().find(chain, { ...terms, ...changed }) !== undefined).toBe(says)
})

/** Intermediates that are, with the leaf, so many octets. */
const fill = (octets: number) => [
  new Uint8Array(octets - leaf.der.length - 1000),
  new Uint8Array(1000),
]

test('what was presented counts with all its octets: no presentation takes more than half', () => {
  const halfMax = 4 * 1024 * 1024
  const most = { ...chain, intermediates: fill(halfMax) }
  expect(kept(most).find(most, terms)).toBeDefined()
  const more = { ...chain, intermediates: fill(halfMax + 1) }
  expect(kept(more).find(more, terms)).toBeUndefined()
})
