import { assert, asyncProperty, integer as anyInteger, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { checkCrlUpdate, defaultShrink, type UpdateContext } from '#shared/revocation/update.ts'
import { shift } from '#shared/time.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl, crlOf, entry, type CrlOverrides } from '../crls.ts'
import { context, explicit, integer, octets, sequence } from '../der/writer.ts'
import { newKeys, sameKeys } from '../keys.ts'
import {
  at,
  certificateOf,
  createCa,
  extension,
  issueCa,
  keyUsage,
  name,
  type Entity,
} from '../pki.ts'

const verifier = createWebCryptoVerifier()
const ca = await createCa({ keys: await sameKeys('Ed25519') })
const thisUpdate = at('2026-06-14T12:00:00Z')

const listed = (count: number) =>
  Array.from({ length: count }, (_, index) => entry([0x40, index >> 8, index & 0xff]))

interface Update {
  readonly held?: CrlOverrides
  readonly offered: CrlOverrides | Bytes
  readonly issuers?: readonly Entity[]
  readonly shrink?: UpdateContext['shrink']
}

/** "taken", or the refusal. */
async function said({ held, offered, issuers = [ca], shrink = defaultShrink }: Update) {
  const der = offered instanceof Uint8Array ? offered : await createCrl(ca, offered)
  const before = held && crlOf(await createCrl(ca, held))
  const known = issuers.map(certificateOf)
  const taken = await checkCrlUpdate(der, { held: before, issuers: known, verifier, shrink })
  return taken.ok ? { code: 'taken', held: before, crl: taken.value } : taken.error
}

describe('the first list', () => {
  test.each([
    { name: 'is taken as it is', offered: { number: 1 }, says: { code: 'taken' } },
    { name: 'without a number', offered: { number: undefined }, says: { code: 'taken' } },
    {
      name: 'cut off',
      offered: octets(0x30, 0x03, 0x02),
      says: { code: 'malformed_crl', offset: 0 },
    },
  ])('$name', async ({ offered, says }) => {
    expect(await said({ offered })).toMatchObject(says)
  })

  test('of an issuer that is not known here is taken: who decides asks for its signature', async () => {
    const forged = { signedWith: await newKeys() }
    expect(
      await said({ offered: forged, issuers: [await createCa({ subject: 'Stranger' })] }),
    ).toMatchObject({
      code: 'taken',
    })
  })
})

describe('signature by a key of the issuer’s name that may sign lists', () => {
  test.each([
    { name: 'its own', usage: keyUsage('cRLSign'), code: 'taken' },
    { name: 'without a word on usage', usage: undefined, code: 'taken' },
    { name: 'without leave', usage: keyUsage('keyCertSign'), code: 'not_signed_by_issuer' },
  ])('$name: $code', async ({ usage, code }) => {
    const known = await createCa({ keys: ca.keys, extensions: { keyUsage: usage } })
    expect(await said({ offered: {}, issuers: [known] })).toMatchObject({ code })
  })

  test('another key’s, before and after there is a list', async () => {
    const offered = { number: 8, signedWith: await newKeys() }
    const says = { code: 'not_signed_by_issuer', keysTried: 1 }
    expect(await said({ offered })).toEqual(says)
    expect(await said({ held: {}, offered })).toEqual(says)
  })

  test('of two keys in a roll-over either', async () => {
    const issuers = [await createCa(), ca]
    expect(await said({ offered: {}, issuers })).toMatchObject({ code: 'taken' })
  })

  test('the issuer’s name is compared as names are, not as octets', async () => {
    const spelled = await createCa({ keys: ca.keys, subject: 'ROOT' })
    const offered = { signedWith: await newKeys() }
    expect(await said({ offered, issuers: [spelled] })).toMatchObject({
      code: 'not_signed_by_issuer',
    })
  })
})

const forUsers = sequence(context(1, octets(0xff)))
const scope = extension('2.5.29.28', forUsers, 'critical')
const delta = extension('2.5.29.27', integer(6), 'critical')

describe('what follows a list', () => {
  const later = shift(thisUpdate, 1000)
  const earlier = shift(thisUpdate, -1000)
  test.each([
    { name: 'the next number', offered: { number: 8 }, says: { code: 'taken' } },
    {
      name: 'the same number, later',
      offered: { number: 7, thisUpdate: later },
      says: { code: 'number_not_advanced', held: 7n, offered: 7n },
    },
    {
      name: 'a lower number, later',
      offered: { number: 6, thisUpdate: later },
      says: { code: 'number_not_advanced', held: 7n, offered: 6n },
    },
    {
      name: 'no number any more',
      offered: { number: undefined, thisUpdate: later },
      says: { code: 'number_not_advanced', held: 7n, offered: undefined },
    },
    {
      name: 'the next number, of an earlier second',
      offered: { number: 8, thisUpdate: earlier },
      says: { code: 'time_not_advanced', held: thisUpdate, offered: earlier },
    },
    {
      name: 'no numbers, the same second',
      held: { number: undefined },
      offered: { number: undefined, entries: [entry([1])] },
      says: { code: 'time_not_advanced', held: thisUpdate, offered: thisUpdate },
    },
    {
      name: 'no numbers, later',
      held: { number: undefined },
      offered: { number: undefined, thisUpdate: later },
      says: { code: 'taken' },
    },
    {
      name: 'a first number',
      held: { number: undefined },
      offered: { number: 1, thisUpdate: later },
      says: { code: 'taken' },
    },
    {
      name: 'a narrower scope',
      offered: { number: 8, extensions: { scope } },
      says: {
        code: 'scope_changed',
        held: { kind: 'complete', scope: undefined },
        offered: { kind: 'complete', scope: forUsers },
      },
    },
    {
      name: 'a delta in place of the whole',
      offered: { number: 8, extensions: { delta } },
      says: { code: 'scope_changed', offered: { kind: 'delta' } },
    },
    {
      name: 'the same scope',
      held: { extensions: { scope } },
      offered: { number: 8, extensions: { scope } },
      says: { code: 'taken' },
    },
  ])('$name: $says.code', async ({ held = {}, offered, says }) => {
    expect(await said({ held, offered })).toMatchObject(says)
  })

  test('the same list, written once more, is the one held', async () => {
    const der = await createCrl(ca)
    const held = crlOf(der)
    const known = { held, issuers: [certificateOf(ca)], verifier, shrink: defaultShrink }
    const taken = await checkCrlUpdate(der.slice(), known)
    expect(taken.ok && taken.value).toBe(held)
  })

  test('another issuer', async () => {
    const other = await issueCa(ca, { subject: 'Other' })
    const offered = await createCrl(other, { number: 8 })
    expect(await said({ held: {}, offered })).toEqual({
      code: 'issuer_changed',
      held: ca.name,
      offered: other.name,
    })
  })
})

describe('how far a list may shrink', () => {
  const { entriesMax } = defaultShrink
  test.each([
    { held: 0, offered: 0, code: 'taken' },
    { held: entriesMax, offered: 0, code: 'taken' },
    { held: entriesMax + 1, offered: 1, code: 'taken' },
    { held: entriesMax + 1, offered: 0, code: 'shrunk' },
    { held: 100, offered: 80, code: 'taken' },
    { held: 100, offered: 79, code: 'shrunk' },
    { held: 100, offered: 0, code: 'shrunk' },
    { held: 100, offered: 300, code: 'taken' },
  ])('from $held to $offered: $code', async ({ held, offered, code }) => {
    const update = {
      held: { entries: listed(held) },
      offered: { number: 8, entries: listed(offered) },
    }
    expect(await said(update)).toMatchObject({ code })
    expect(await said({ ...update, shrink: 'accept' })).toMatchObject({ code: 'taken' })
  })

  test('the facts: how many there were, are, and how many would have been taken', async () => {
    const update = { held: { entries: listed(100) }, offered: { number: 8, entries: listed(9) } }
    expect(await said(update)).toEqual({ code: 'shrunk', held: 100, offered: 9, least: 80 })
  })

  test('the operator’s word is on shrinking alone', async () => {
    const update = { held: { entries: listed(100) }, offered: { number: 6 } }
    expect(await said({ ...update, shrink: 'accept' })).toMatchObject({
      code: 'number_not_advanced',
    })
  })

  test('a delta empties with the next complete list', async () => {
    const held = { entries: listed(100), extensions: { delta } }
    expect(await said({ held, offered: { number: 8, extensions: { delta } } })).toMatchObject({
      code: 'taken',
    })
  })

  test('entries of other issuers count as well', async () => {
    const indirect = extension('2.5.29.28', sequence(context(4, octets(0xff))), 'critical')
    const other = extension('2.5.29.29', sequence(explicit(4, name('Other'))), 'critical')
    const update = {
      held: { entries: [entry([1], other), ...listed(99)], extensions: { indirect } },
      offered: { number: 8, extensions: { indirect } },
    }
    expect(await said(update)).toMatchObject({ code: 'shrunk', held: 100, offered: 0 })
  })
})

interface Version {
  readonly number: number
  /** Of thisUpdate, beside the usual one. */
  readonly second: number
  readonly count: number
}

const overridesOf = ({ number, second, count }: Version): CrlOverrides => ({
  number,
  thisUpdate: shift(thisUpdate, 1000 * second),
  entries: listed(count),
})

test('whatever comes, the list in force is never followed by one before it', async () => {
  const versions = record({
    number: anyInteger({ min: 1, max: 9 }),
    second: anyInteger({ min: -3, max: 3 }),
    count: anyInteger({ min: 0, max: 40 }),
  })
  const holds = asyncProperty(versions, versions, async (before, after) => {
    const { code } = await said({ held: overridesOf(before), offered: overridesOf(after) })
    const isLater = after.number > before.number && after.second >= before.second
    const isSame = JSON.stringify(before) === JSON.stringify(after)
    const isWhole = after.count >= before.count - defaultShrink.entriesMax
    expect(code === 'taken').toBe(isSame || (isLater && isWhole))
  })
  await assert(holds, { seed: 20_260_615, numRuns: 200 })
})
