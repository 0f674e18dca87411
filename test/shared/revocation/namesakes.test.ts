import { describe, expect, test } from 'vitest'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl } from '../crls.ts'
import { context, octets, octetString, sequence } from '../der/writer.ts'
import {
  certificateOf,
  createCa,
  extension,
  issueCa,
  keyUsage,
  type Entity,
  type Extensions,
} from '../pki.ts'
import { trust } from '../relying-party.ts'

const root = await createCa()
const issuing = await issueCa(root)
const namesakeOf = (extensions: Extensions = {}) => issueCa(root, { extensions })

/** What is found of an issuer, where a CA of its name and another key has signed the only list. */
async function found(
  signer: Entity,
  stored: readonly Entity[],
  extensions: Extensions = {},
  anchors: readonly Entity[] = [root],
) {
  const crls = [await createCrl(signer, { extensions })]
  const store = await trust({ anchors, intermediates: stored, crls })
  const crlsOf = createAuthenticatedCrls(createWebCryptoVerifier())
  const { crls: own, forged, elsewhere } = await crlsOf.of(store, certificateOf(issuing))
  return { own: own.length, forged, elsewhere }
}

const rolledOver = { own: 0, forged: false, elsewhere: true }
const forged = { own: 0, forged: true, elsewhere: true }

describe('a list of the issuer’s name that its key has not signed is no forgery', () => {
  test('where a namesake of the store has signed it', async () => {
    const namesake = await namesakeOf()
    expect(await found(namesake, [namesake])).toEqual(rolledOver)
    expect(await found(namesake, [issuing, namesake])).toEqual(rolledOver)
  })

  test('where a namesake among the anchors has', async () => {
    const anchor = await createCa({ subject: 'Issuing' })
    expect(await found(anchor, [], {}, [root, anchor])).toEqual(rolledOver)
  })
})

describe('it is forged', () => {
  test('where nobody of the store has signed it', async () => {
    const [stranger, namesake] = [await namesakeOf(), await namesakeOf()]
    expect(await found(stranger, [])).toEqual(forged)
    expect(await found(stranger, [namesake])).toEqual(forged)
    expect(await found(stranger, [await issueCa(root, { ...stranger, subject: 'Else' })])).toEqual(
      forged,
    )
  })

  test('where the namesake may not sign lists', async () => {
    const unable = await namesakeOf({ keyUsage: keyUsage('keyCertSign') })
    expect(await found(unable, [unable])).toEqual(forged)
  })
})

const aki = (id: number) => extension('2.5.29.35', sequence(context(0, octets(id))))
const ski = (id: number) => extension('2.5.29.14', octetString(octets(id)))

describe('key identifiers pick the namesake (RFC 5280 5.2.1)', () => {
  test.each([
    { title: 'both say the same', list: { aki: aki(1) }, ca: { ski: ski(1) }, says: rolledOver },
    { title: 'they differ', list: { aki: aki(1) }, ca: { ski: ski(2) }, says: forged },
    { title: 'the list has none', list: {}, ca: { ski: ski(1) }, says: rolledOver },
    { title: 'the CA has none', list: { aki: aki(1) }, ca: {}, says: rolledOver },
    { title: 'neither has one', list: {}, ca: {}, says: rolledOver },
  ])('$title', async ({ list, ca, says }) => {
    const namesake = await namesakeOf(ca)
    expect(await found(namesake, [namesake], list)).toEqual(says)
  })

  test('four are asked, those alone that may have signed it', async () => {
    const others = await Promise.all([1, 2, 3, 4].map(() => namesakeOf()))
    const unable = await namesakeOf({ keyUsage: keyUsage('keyCertSign') })
    const elsewhere = await namesakeOf({ ski: ski(2) })
    const namesake = await namesakeOf({ ski: ski(1) })
    const list = { aki: aki(1) }
    const passed = [issuing, unable, elsewhere, ...others.slice(1)]
    expect(await found(namesake, [...passed, namesake], list)).toEqual(rolledOver)
    expect(await found(namesake, [...others, namesake], list)).toEqual(forged)
  })
})
