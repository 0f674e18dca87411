import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { createAuthenticatedCrls, issuerKeyId } from '#shared/revocation/authenticated-crls.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl, entry } from '../crls.ts'
import { nul, oid, sequence } from '../der/writer.ts'
import { newKeys } from '../keys.ts'
import { certificateOf, createCa, issueCa, keyUsage, type Entity } from '../pki.ts'
import { trust } from '../relying-party.ts'

/** WebCrypto, and how often it was asked. */
function countingVerifier(): SignatureVerifier & { readonly asked: () => number } {
  const verifier = createWebCryptoVerifier()
  let count = 0
  return {
    asked: () => count,
    verify: (input) => {
      count += 1
      return verifier.verify(input)
    },
  }
}

const root = await createCa()
const issuing = await issueCa(root)

async function found(issuer: Entity, crls: readonly Bytes[]) {
  const store = await trust({ anchors: [root], crls })
  return createAuthenticatedCrls(createWebCryptoVerifier()).of(store, certificateOf(issuer))
}

describe('which lists are the issuer’s own', () => {
  test('those that its key signed', async () => {
    const { crls, forged } = await found(issuing, [await createCrl(issuing), await createCrl(root)])
    expect({ count: crls.length, forged }).toEqual({ count: 1, forged: false })
  })

  test('none: there is no list of its name', async () => {
    expect(await found(issuing, [await createCrl(root)])).toMatchObject({ crls: [], forged: false })
  })

  test('none: the only list of its name was signed by another', async () => {
    const forged = await createCrl(issuing, { signedWith: await newKeys() })
    expect(await found(issuing, [forged])).toMatchObject({ crls: [], forged: true })
  })

  test('one of two, beside a forged one', async () => {
    const forged = await createCrl(issuing, { signedWith: root.keys, number: 99 })
    const { crls, forged: told } = await found(issuing, [forged, await createCrl(issuing)])
    expect({ numbers: crls.map(({ number }) => number), told }).toEqual({
      numbers: [7n],
      told: true,
    })
  })

  test('none: its algorithm is not verified', async () => {
    const algorithm = sequence(oid('1.2.840.10045.4.1'), nul)
    const odd = await createCrl(issuing, { signedWith: { ...issuing.keys, algorithm } })
    expect(await found(issuing, [odd])).toMatchObject({ crls: [], forged: true })
  })
})

describe('leave to sign CRLs (RFC 5280 6.3.3 (f))', () => {
  test.each([
    { name: 'no key usage', usage: undefined, count: 1 },
    { name: 'CRL signing', usage: keyUsage('cRLSign'), count: 1 },
    { name: 'CRL and certificate signing', usage: keyUsage('keyCertSignAndCRLSign'), count: 1 },
    { name: 'certificate signing alone', usage: keyUsage('keyCertSign'), count: 0 },
    { name: 'a device’s', usage: keyUsage('digitalSignature'), count: 0 },
  ])('$name: $count', async ({ usage, count }) => {
    const ca = await issueCa(root, { extensions: { keyUsage: usage } })
    const { crls, forged } = await found(ca, [await createCrl(ca)])
    expect({ count: crls.length, forged }).toEqual({ count, forged: count === 0 })
  })

  test('a key without leave that has no list either has no forged one', async () => {
    const ca = await issueCa(root, { extensions: { keyUsage: keyUsage('keyCertSign') } })
    expect(await found(ca, [])).toMatchObject({ crls: [], forged: false })
  })
})

describe('what is kept', () => {
  test('each signature is verified once a snapshot and issuer', async () => {
    const verifier = countingVerifier()
    const authenticated = createAuthenticatedCrls(verifier)
    const crls = [await createCrl(issuing), await createCrl(issuing, { number: 8 })]
    const store = await trust({ anchors: [root], crls })
    const first = await authenticated.of(store, certificateOf(issuing))
    expect(await authenticated.of(store, certificateOf(issuing))).toBe(first)
    expect(verifier.asked()).toBe(2)
    const next = await trust({ anchors: [root], crls, epoch: 2 })
    await authenticated.of(next, certificateOf(issuing))
    expect(verifier.asked()).toBe(4)
  })

  test('known tells only what was asked before, of the same snapshot', async () => {
    const authenticated = createAuthenticatedCrls(createWebCryptoVerifier())
    const store = await trust({ anchors: [root], crls: [await createCrl(issuing)] })
    const { keyId } = await authenticated.of(store, certificateOf(issuing))
    expect(authenticated.known(store, keyId)?.crls.length).toBe(1)
    expect(authenticated.known(await trust({ anchors: [root] }), keyId)).toBeUndefined()
    expect(authenticated.known(store, await issuerKeyId(certificateOf(root)))).toBeUndefined()
  })
})

describe('one key under two names: each name has lists of its own', () => {
  test('whichever is asked first', async () => {
    const renamed = await issueCa(root, { subject: 'Renamed', keys: issuing.keys })
    const revoking = await createCrl(renamed, { entries: [entry([0x2a])] })
    const store = await trust({ anchors: [root], crls: [await createCrl(issuing), revoking] })
    for (const order of [
      [issuing, renamed],
      [renamed, issuing],
    ]) {
      const authenticated = createAuthenticatedCrls(createWebCryptoVerifier())
      const listed = new Map<Entity, number | undefined>()
      for (const ca of order) {
        const { crls } = await authenticated.of(store, certificateOf(ca))
        listed.set(ca, crls[0]?.entries)
      }
      expect([listed.get(issuing), listed.get(renamed)]).toEqual([0, 1])
    }
  })

  test('whichever is asked first, of one key with leave to sign lists and without it', async () => {
    const extensions = { keyUsage: keyUsage('keyCertSign') }
    const withoutLeave = await issueCa(root, { keys: issuing.keys, extensions })
    const store = await trust({ anchors: [root], crls: [await createCrl(issuing)] })
    for (const order of [
      [issuing, withoutLeave, issuing],
      [withoutLeave, issuing, withoutLeave],
    ]) {
      const authenticated = createAuthenticatedCrls(createWebCryptoVerifier())
      for (const ca of order) {
        const { crls } = await authenticated.of(store, certificateOf(ca))
        expect(crls.length).toBe(ca === issuing ? 1 : 0)
      }
    }
  })

  test('one key, of which one certificate has leave to sign CRLs', async () => {
    const extensions = { keyUsage: keyUsage('keyCertSign') }
    const withoutLeave = await issueCa(root, { keys: issuing.keys, extensions })
    const ids = [issuing, withoutLeave].map((ca) => issuerKeyId(certificateOf(ca)))
    expect(new Set(await Promise.all(ids)).size).toBe(2)
  })
})
