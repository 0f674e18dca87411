import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { freshBudget, type Budget } from '#shared/path/budget.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { strictFreshness } from '#shared/revocation/freshness.ts'
import { listsOf } from '#shared/revocation/lists-of.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl, entry } from '../crls.ts'
import { context, explicit, octets, sequence } from '../der/writer.ts'
import {
  at,
  certificateOf,
  createCa,
  extension,
  issue,
  issueCa,
  keyUsage,
  name,
  noon,
  type Entity,
} from '../pki.ts'
import { lenientFreshness, trust } from '../relying-party.ts'

const verifier = createWebCryptoVerifier()
const root = await createCa()
const issuing = await issueCa(root, { serial: [0x11] })

const signerOf = (issuer: Entity, subject: string, serial: number) =>
  issue(issuer, {
    subject,
    serial: [serial],
    extensions: { keyUsage: keyUsage('cRLSign'), purposes: undefined },
  })

/** A device whose points name these issuers of lists (RFC 5280 4.2.1.13: cRLIssuer), one point each. */
function deviceOf(...issuers: readonly string[]) {
  const points = issuers.map((each) => sequence(explicit(2, explicit(4, name(each)))))
  const listed = { points: extension('2.5.29.31', sequence(...points)) }
  return issue(issuing, { extensions: issuers.length === 0 ? {} : listed })
}

interface World {
  readonly device: Entity
  readonly beside?: readonly Entity[]
  readonly crls: readonly Bytes[]
  readonly of?: VerificationPolicy['revocation']['of']
  readonly absent?: 'refuse' | 'accept'
  readonly budget?: Partial<Budget>
}

async function gathered({ device, beside = [], crls, of = 'chain', absent, budget }: World) {
  const [leaf, issuer, top] = [device, issuing, root].map(certificateOf)
  if (leaf === undefined || issuer === undefined || top === undefined) throw new Error('no path')
  const freshness = absent === 'accept' ? lenientFreshness : strictFreshness
  const store = await trust({ anchors: [root], crls })
  const { subject, spki } = top
  return listsOf(
    leaf,
    issuer,
    {
      certificates: [leaf, issuer],
      anchor: { subject, spki, certificate: top },
      beside: beside.map(certificateOf),
    },
    {
      store,
      policy: { ...strictPolicy, revocation: { of, freshness } },
      now: noon,
      verifier,
      crls: createAuthenticatedCrls(verifier),
      budget: { ...freshBudget(), ...budget },
    },
  )
}

/** Numbers of the lists that may answer, and whether others of their names were found. */
async function told(world: World) {
  const lists = await gathered(world)
  if (!lists.ok) return lists.error
  const { crls, forged } = lists.value
  return { lists: crls.map(({ number }) => Number(number)), forged }
}

const ofRoot = await createCrl(root, { number: 1 })
const ofIssuing = await createCrl(issuing, { number: 2 })

describe('a certificate that names no other issuer of lists', () => {
  test.each([
    { title: 'no list', crls: [], says: { lists: [], forged: false } },
    { title: 'others’ lists', crls: [ofRoot], says: { lists: [], forged: false } },
    { title: 'its issuer’s', crls: [ofRoot, ofIssuing], says: { lists: [2], forged: false } },
  ])('$title', async ({ crls, says }) => {
    expect(await told({ device: await deviceOf(), crls })).toEqual(says)
  })

  test('a list of its issuer’s name that another key has signed', async () => {
    const signer = await signerOf(root, 'Issuing', 0x12)
    const crls = [ofRoot, ofIssuing, await createCrl(signer, { number: 3 })]
    const device = await deviceOf()
    expect(await told({ device, crls })).toEqual({ lists: [2], forged: true })
    const beside = [signer]
    expect(await told({ device, crls, beside })).toEqual({ lists: [2, 3], forged: true })
  })
})

describe('a certificate whose points name other issuers of lists', () => {
  test('of whom there is no list: nothing is forged, and nobody is looked for', async () => {
    const device = await deviceOf('Listing')
    const beside = [await signerOf(root, 'Listing', 0x12)]
    const world = { device, crls: [ofRoot], beside, budget: { signatures: 0 } }
    expect(await told(world)).toEqual({ lists: [], forged: false })
  })

  test('its own issuer under that name is no other', async () => {
    const device = await deviceOf('Issuing')
    const world = { device, crls: [ofRoot, ofIssuing], budget: { signatures: 0 } }
    expect(await told(world)).toEqual({ lists: [2], forged: false })
  })

  test('two are looked for, not a third; one that is named twice counts once', async () => {
    const names = ['First', 'Second', 'Third']
    const signers = await Promise.all(names.map((each, index) => signerOf(root, each, index + 1)))
    const lists = signers.map((signer, index) => createCrl(signer, { number: index + 3 }))
    const crls = [ofRoot, ...(await Promise.all(lists))]
    const [device, again] = [await deviceOf(...names), await deviceOf('First', 'First', 'Third')]
    expect(await told({ device, crls, beside: signers })).toEqual({ lists: [3, 4], forged: true })
    expect(await told({ device: again, crls, beside: signers })).toMatchObject({ lists: [3, 5] })
  })

  test('a search that the budget ends is a refusal', async () => {
    const signer = await signerOf(root, 'Listing', 0x12)
    const crls = [ofRoot, await createCrl(signer, { number: 3 })]
    const world = { device: await deviceOf('Listing'), crls, beside: [signer] }
    expect(await told(world)).toMatchObject({ lists: [3] })
    const says = { code: 'budget_exhausted', budget: 'signatures' }
    expect(await told({ ...world, budget: { signatures: 0 } })).toEqual(says)
  })
})

describe('whose lists are taken of a signer outside the path, by its own status', () => {
  const listing = signerOf(root, 'Listing', 0x12)
  const revoking = createCrl(root, { number: 1, entries: [entry([0x12])] })
  const stale = createCrl(root, { number: 1, nextUpdate: at('2026-06-15T11:59:59Z') })

  test.each<Required<Pick<World, 'of' | 'absent'>> & { status: string; says: number[] }>([
    { status: 'good', of: 'chain', absent: 'refuse', says: [3] },
    { status: 'good', of: 'chain', absent: 'accept', says: [3] },
    { status: 'revoked', of: 'chain', absent: 'refuse', says: [] },
    { status: 'revoked', of: 'chain', absent: 'accept', says: [] },
    { status: 'revoked', of: 'leaf', absent: 'refuse', says: [3] },
    { status: 'absent', of: 'chain', absent: 'refuse', says: [] },
    { status: 'absent', of: 'chain', absent: 'accept', says: [3] },
    { status: 'absent', of: 'leaf', absent: 'refuse', says: [3] },
    { status: 'stale', of: 'chain', absent: 'refuse', says: [] },
    { status: 'stale', of: 'chain', absent: 'accept', says: [3] },
  ])('$status; asked of: $of; absent: $absent: $says', async ({ status, says, ...words }) => {
    const known = { good: [ofRoot], revoked: [await revoking], absent: [], stale: [await stale] }
    const signer = await listing
    const above = Object.entries(known).find(([each]) => each === status)?.[1] ?? []
    const crls = [...above, await createCrl(signer, { number: 3 })]
    const device = await deviceOf('Listing')
    const lists = await gathered({ device, crls, beside: [signer], ...words })
    expect(lists.ok && lists.value.crls.map(({ number }) => Number(number))).toEqual(says)
  })

  test('its own list may tell that it is revoked', async () => {
    const point = sequence(explicit(2, explicit(4, name('Listing'))))
    const usage = { keyUsage: keyUsage('cRLSign'), purposes: undefined }
    const signer = await issue(root, {
      subject: 'Listing',
      serial: [0x12],
      extensions: { ...usage, points: extension('2.5.29.31', sequence(point)) },
    })
    const indirect = extension('2.5.29.28', sequence(context(4, octets(0xff))), 'critical')
    const ofRoots = extension('2.5.29.29', sequence(explicit(4, name('Root'))), 'critical')
    const world = { device: await deviceOf('Listing'), beside: [signer] }
    for (const [serial, says] of [
      [0x12, []],
      [0x13, [3]],
    ] as const) {
      const list = { number: 3, entries: [entry([serial], ofRoots)], extensions: { indirect } }
      const crls = [ofRoot, await createCrl(signer, list)]
      expect(await told({ ...world, crls })).toMatchObject({ lists: says })
    }
  })

  test('an anchor is trusted beforehand: its own status is not asked', async () => {
    const device = await deviceOf('Root')
    const itself = await createCrl(root, { number: 1, entries: [entry([0x2a])] })
    expect(await told({ device, crls: [itself, ofIssuing] })).toMatchObject({ lists: [2, 1] })
  })
})
