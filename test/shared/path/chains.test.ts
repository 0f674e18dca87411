import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { buildVerifiedPath } from '#shared/path/build.ts'
import { freshBudget } from '#shared/path/budget.ts'
import { bitString, integer, nul, octets, oid, sequence } from '../der/writer.ts'
import { keyNames, newKeys, sameKeys } from '../keys.ts'
import { certificateOf, createCa, issue, issueCa, type Entity } from '../pki.ts'
import { relyingParty, trust } from '../relying-party.ts'

async function verdict(anchor: Entity, leaf: Entity, pool: readonly Entity[] = []) {
  const context = { ...relyingParty(await trust({ anchors: [anchor] })), budget: freshBudget() }
  const path = await buildVerifiedPath(certificateOf(leaf), pool.map(certificateOf), context)
  return path.ok ? 'ok' : path.error
}

describe.each(keyNames)('keys of %s', (keyName) => {
  test('anchor, issuer and leaf', async () => {
    const keys = await sameKeys(keyName)
    const root = await createCa({ keys })
    const issuing = await issueCa(root, { keys: await sameKeys('P-256') })
    const below = await issueCa(issuing, { subject: 'Below', keys })
    expect(await verdict(root, await issue(below, { keys }), [issuing, below])).toBe('ok')
  })

  test('the signature of another key', async () => {
    const root = await createCa({ keys: await sameKeys(keyName) })
    const forged = await issue(root, { signedWith: await newKeys(keyName) })
    expect(await verdict(root, forged)).toEqual({ code: 'signature_invalid', at: 0 })
  })

  test('a signature that was cut off', async () => {
    const root = await createCa({ keys: await sameKeys(keyName) })
    const { sign, ...keys } = root.keys
    const signedWith = {
      ...keys,
      sign: async (signed: Bytes) => (await sign(signed)).subarray(0, -1),
    }
    const forged = await issue(root, { signedWith })
    expect(await verdict(root, forged)).toEqual({ code: 'signature_invalid', at: 0 })
  })
})

describe('what is not verified is refused by name', () => {
  const withSha1 = sequence(oid('1.2.840.113549.1.1.5'), nul)

  test('an algorithm', async () => {
    const root = await createCa({ keys: await sameKeys('RSA') })
    const leaf = await issue(root, { signedWith: { ...root.keys, algorithm: withSha1 } })
    expect(await verdict(root, leaf)).toEqual({
      code: 'algorithm_unsupported',
      at: 0,
      algorithm: 'AlgorithmIdentifier 300d06092a864886f70d0101050500',
    })
  })

  test('an algorithm of another family than the key', async () => {
    const root = await createCa({ keys: await sameKeys('RSA') })
    const leaf = await issue(root, { signedWith: await sameKeys('P-256') })
    expect(await verdict(root, leaf)).toEqual({ code: 'signature_invalid', at: 0 })
  })

  /** 1024 bits: the modulus is no product of primes, but it never comes to that. */
  const modulus = Array.from({ length: 128 }, () => 0xff)
  const short = sequence(integer(0, ...modulus), integer(1, 0, 1))
  const shortKey = sequence(sequence(oid('1.2.840.113549.1.1.1'), nul), bitString(short))

  test.each([
    { name: 'a key too short', spki: shortKey },
    {
      name: 'a curve that is not known',
      spki: sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.3.132.0.10')), bitString(octets(4))),
    },
  ])('$name, of an issuer', async ({ spki }) => {
    const root = await createCa()
    const issuing = await issueCa(root, { parts: { spki } })
    const leaf = await issue(issuing)
    expect(await verdict(root, leaf, [issuing])).toMatchObject({ code: 'key_unsupported', at: 1 })
  })

  test('a key too short, of the anchor', async () => {
    const root = await createCa({ parts: { spki: shortKey } })
    const rsa = await sameKeys('RSA')
    const leaf = await issue(root, { signedWith: rsa })
    expect(await verdict(root, leaf)).toMatchObject({ code: 'key_unsupported', at: 1 })
  })
})
