import { type FreshnessPolicy, strictFreshness } from '#shared/revocation/freshness.ts'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import { verify } from '#shared/verify.ts'
import { createCrl, entry, type CrlOverrides } from '../crls.ts'
import { context, explicit, octets, sequence } from '../der/writer.ts'
import {
  createCa,
  extension,
  issue,
  issueCa,
  keyUsage,
  name,
  nameConstraints,
  type Entity,
} from '../pki.ts'
import { lenientFreshness, relyingParty, trust } from '../relying-party.ts'

const root = await createCa()
const issuing = await issueCa(root, { serial: [0x11] })
const signerOf = (issuer: Entity, serial: number, usage: 'cRLSign' | 'keyCertSign' = 'cRLSign') =>
  issue(issuer, {
    subject: 'Issuing',
    serial: [serial],
    extensions: { keyUsage: keyUsage(usage), purposes: undefined },
  })
const signer = await signerOf(root, 0x12)
const device = await issue(issuing)

interface World {
  readonly leaf?: Entity
  readonly issuer?: Entity
  readonly presented?: readonly Entity[]
  readonly stored?: readonly Entity[]
  readonly crls: readonly Bytes[]
  readonly freshness?: FreshnessPolicy
}

async function decisionOn(world: World) {
  const {
    leaf = device,
    issuer = issuing,
    presented = [],
    stored = [],
    crls,
    freshness = strictFreshness,
  } = world
  const store = await trust({ anchors: [root], intermediates: stored, crls })
  const revocation = { of: 'chain', freshness } as const
  return verify(
    { kind: 'chain', leaf: leaf.der, intermediates: [issuer, ...presented].map(({ der }) => der) },
    relyingParty(store, { policy: { ...strictPolicy, revocation } }),
  )
}

async function said(world: World) {
  const decision = await decisionOn(world)
  return decision.outcome === 'accepted' ? 'ok' : decision.rejection
}

const listed: CrlOverrides = { entries: [entry([0x2a])] }
const ofRoot = await createCrl(root)
const bySigner = await createCrl(signer)

const spent = async (crls: readonly Bytes[]) =>
  (await decisionOn({ presented: [signer], crls })).evidence.signaturesSpent

test('signatures of a search for signers count as spent on the decision', async () => {
  // The leaf's and its issuer's; then the signer's as well.
  expect(await spent([ofRoot, await createCrl(issuing)])).toBe(2)
  expect(await spent([ofRoot, bySigner])).toBe(3)
})

describe('a list signed by another key of the issuer (RFC 5280 6.3.3 (f))', () => {
  test.each([
    { title: 'the signer is presented', presented: [signer] },
    { title: 'the signer is in the store', stored: [signer] },
  ])('$title', async (world) => {
    expect(await said({ ...world, crls: [ofRoot, bySigner] })).toBe('ok')
    const revoking = await createCrl(signer, listed)
    expect(await said({ ...world, crls: [ofRoot, revoking] })).toMatchObject({ code: 'revoked' })
  })

  test('nobody knows the signer', async () => {
    expect(await said({ crls: [ofRoot, bySigner] })).toMatchObject({ gap: 'forged' })
  })

  test('its higher number counts before the issuer’s own list', async () => {
    const newer = await createCrl(signer, { ...listed, number: 8 })
    const crls = [ofRoot, await createCrl(issuing), newer]
    expect(await said({ presented: [signer], crls })).toMatchObject({ code: 'revoked' })
  })

  test('it may not sign lists', async () => {
    const unable = await signerOf(root, 0x13, 'keyCertSign')
    const crls = [ofRoot, await createCrl(unable)]
    expect(await said({ presented: [unable], crls })).toMatchObject({ gap: 'forged' })
  })

  test('its path ends at another anchor', async () => {
    const stranger = await createCa({ subject: 'Stranger' })
    const strange = await signerOf(stranger, 0x14)
    const crls = [ofRoot, await createCrl(strange)]
    expect(await said({ presented: [strange, stranger], crls })).toMatchObject({ gap: 'forged' })
  })

  test('it was certified by the issuer itself', async () => {
    const below = await signerOf(issuing, 0x15)
    const crls = [ofRoot, await createCrl(below)]
    expect(await said({ presented: [below], crls })).toBe('ok')
  })

  test('its name lies outside what the CA that certified it may name', async () => {
    const excluded = nameConstraints({ excluded: [explicit(4, name('Issuing'))] })
    const constrained = await issueCa(root, { serial: [0x17], extensions: { excluded } })
    const leaf = await issue(constrained)
    const below = await signerOf(constrained, 0x18)
    const crls = [ofRoot, await createCrl(below)]
    const world = { leaf, issuer: constrained, presented: [below], crls }
    expect(await said(world)).toMatchObject({ gap: 'forged' })
  })

  test('it was revoked', async () => {
    const crls = [await createCrl(root, { entries: [entry([0x12])] }), bySigner]
    expect(await said({ presented: [signer], crls })).toMatchObject({ gap: 'forged' })
  })

  test('a namesake in the store is not taken for a forger, where the unknown is accepted', async () => {
    const namesake = await issueCa(root, { serial: [0x16] })
    const revokedSigner = await createCrl(root, { entries: [entry([0x16])] })
    const crls = [revokedSigner, await createCrl(namesake)]
    expect(await said({ stored: [namesake], crls, freshness: lenientFreshness })).toBe('ok')
    expect(await said({ stored: [namesake], crls })).toMatchObject({ gap: 'absent' })
  })
})

const listOf = (issuer: Entity, serial: number | undefined) =>
  createCrl(issuer, { entries: serial === undefined ? [] : [entry([serial])] })

/** Two CAs that each rolled their key over, and go on signing lists with the old one. */
async function rolledOver() {
  const upperOld = await issueCa(root, { subject: 'Upper', serial: [0x21] })
  const upperNew = await issueCa(upperOld, { subject: 'Upper', serial: [0x22] })
  const lowerOld = await issueCa(upperNew, { subject: 'Lower', serial: [0x23] })
  const lowerNew = await issueCa(lowerOld, { subject: 'Lower', serial: [0x24] })
  const path = { leaf: await issue(lowerNew), issuer: lowerNew }
  return { ...path, upperOld, lowerOld, presented: [lowerOld, upperNew, upperOld] }
}

describe('roll-overs in a row: self-issued CAs whose lists the old keys sign', () => {
  test.each([
    { title: 'nobody is listed', says: { code: 'ok' } },
    { title: 'the device', byLower: 0x2a, says: { code: 'revoked', at: 0 } },
    { title: 'the lower CA’s new key', byLower: 0x24, says: { code: 'revoked', at: 1 } },
    {
      title: 'the CA that signs the device’s list',
      byUpper: 0x23,
      says: { code: 'revoked', at: 2 },
    },
    { title: 'the upper CA’s new key', byUpper: 0x22, says: { code: 'revoked', at: 3 } },
    { title: 'the upper CA', byRoot: 0x21, says: { code: 'revoked', at: 4 } },
  ])('$title', async ({ byLower, byUpper, byRoot, says }) => {
    const { upperOld, lowerOld, ...world } = await rolledOver()
    const lists = [listOf(root, byRoot), listOf(upperOld, byUpper), listOf(lowerOld, byLower)]
    const found = await said({ ...world, crls: await Promise.all(lists) })
    expect(typeof found === 'string' ? { code: found } : found).toMatchObject(says)
  })

  test('no list of the CA above: its signer’s own status is unknown, and so refuses the path', async () => {
    const { upperOld: _, lowerOld, ...world } = await rolledOver()
    const found = await said({ ...world, crls: [ofRoot, await createCrl(lowerOld)] })
    expect(found).toMatchObject({ code: 'revocation_unknown', at: 2, gap: 'absent' })
  })
})

const listing = await issue(root, {
  subject: 'Listing',
  serial: [0x17],
  extensions: { keyUsage: keyUsage('cRLSign'), purposes: undefined },
})
const directory = (commonName: string) => explicit(4, name(commonName))
const points = extension('2.5.29.31', sequence(sequence(explicit(2, directory('Listing')))))
const scope = extension('2.5.29.28', sequence(context(4, octets(0xff))), 'critical')
const ofIssuing = extension('2.5.29.29', sequence(directory('Issuing')), 'critical')
const leaf = await issue(issuing, { extensions: { points } })

describe('an indirect list (RFC 5280 4.2.1.13: cRLIssuer)', () => {
  test.each([
    { title: 'nobody is listed', entries: [], says: 'ok' },
    { title: 'another’s serial is listed', entries: [entry([0x2a])], says: 'ok' },
    { title: 'listed', entries: [entry([0x2a], ofIssuing)], says: 'revoked' },
  ])('$title', async ({ entries, says }) => {
    const crls = [ofRoot, await createCrl(listing, { entries, extensions: { scope } })]
    const found = await said({ leaf, presented: [listing], crls })
    expect(typeof found === 'string' ? found : found.code).toBe(says)
  })

  test('without its signer', async () => {
    const crls = [ofRoot, await createCrl(listing, { extensions: { scope } })]
    expect(await said({ leaf, crls })).toMatchObject({ gap: 'forged' })
  })
})
