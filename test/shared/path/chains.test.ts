import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { buildVerifiedPath } from '#shared/path/build.ts'
import { freshBudget } from '#shared/path/budget.ts'
import { bitString, integer, nul, octets, oid, sequence } from '../der/writer.ts'
import { keyText } from '#shared/x509/algorithm-text.ts'
import { algorithmSets, oldAlgorithms } from '#shared/x509/algorithm-sets.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { keyNames, newKeys, sameKeys, type Keys } from '../keys.ts'
import { certificateOf, createCa, issue, issueCa, type Entity } from '../pki.ts'
import { relyingParty, trust, withoutRevocation } from '../relying-party.ts'

async function verdict(
  anchor: Entity,
  leaf: Entity,
  pool: readonly Entity[] = [],
  changes: Parameters<typeof relyingParty>[1] = {},
) {
  const store = await trust({ anchors: [anchor] })
  const context = { ...relyingParty(store, changes), budget: freshBudget() }
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
    expect(await verdict(root, forged)).toMatchObject({ code: 'signature_invalid', at: 0 })
  })

  test('a signature that was cut off', async () => {
    const root = await createCa({ keys: await sameKeys(keyName) })
    const { sign, ...keys } = root.keys
    const signedWith = {
      ...keys,
      sign: async (signed: Bytes) => (await sign(signed)).subarray(0, -1),
    }
    const forged = await issue(root, { signedWith })
    expect(await verdict(root, forged)).toMatchObject({ code: 'signature_invalid', at: 0 })
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
      algorithm: withSha1,
      set: 'modern',
    })
  })

  test('an algorithm of another family than the key', async () => {
    const root = await createCa({ keys: await sameKeys('RSA') })
    const leaf = await issue(root, { signedWith: await sameKeys('P-256') })
    expect(await verdict(root, leaf)).toMatchObject({ code: 'signature_invalid', at: 0 })
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

  test.each([
    { name: 'a key too short', spki: shortKey, text: 'RSA 1024 bits, exponent 65537' },
    {
      name: 'a curve that is not known',
      spki: sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.3.132.0.10')), bitString(octets(4))),
      text: expect.stringMatching(/^AlgorithmIdentifier 30/) as string,
    },
  ])('$name, of the device itself: no CA asks it for a signature', async ({ spki, text }) => {
    const root = await createCa()
    const leaf = await issue(root, { parts: { spki } })
    expect(keyText(spki)).toEqual(text)
    const says = { code: 'key_unsupported', at: 0, key: spki, set: 'modern' }
    expect(await verdict(root, leaf)).toEqual(says)
  })

  test('a key too short, of the anchor', async () => {
    const root = await createCa({ parts: { spki: shortKey } })
    const rsa = await sameKeys('RSA')
    const leaf = await issue(root, { signedWith: rsa })
    expect(await verdict(root, leaf)).toMatchObject({ code: 'key_unsupported', at: 1 })
  })
})

describe('a set of algorithms is asked of signatures and keys alike', () => {
  const policy = { ...withoutRevocation, algorithms: algorithmSets.alb }

  test.each([
    {
      name: 'of the device',
      device: 'Ed25519',
      ca: 'P-256',
      says: { code: 'key_unsupported', at: 0 },
    },
    {
      name: 'of its CA',
      device: 'P-256',
      ca: 'Ed25519',
      says: { code: 'algorithm_unsupported', at: 0, set: 'alb' },
    },
  ] as const)('ALB takes no Ed25519 $name', async ({ device, ca, says }) => {
    const root = await createCa({ keys: await sameKeys(ca) })
    const leaf = await issue(root, { keys: await sameKeys(device) })
    expect(await verdict(root, leaf)).toBe('ok')
    expect(await verdict(root, leaf, [], { policy })).toMatchObject(says)
  })

  test('SHA-1 verifies where the set of old suites asks for it, and the verifier looks', async () => {
    const { spki, algorithm, sign } = await sha1Keys()
    const root = await createCa({ keys: { spki, algorithm, sign } })
    const leaf = await issue(root)
    const algorithms = oldAlgorithms({ sha1: 'accept' })
    const old = { policy: { ...withoutRevocation, algorithms } }
    const verifier = createWebCryptoVerifier(undefined, 'accept')
    expect(await verdict(root, leaf, [], { ...old, verifier })).toBe('ok')
    expect(await verdict(root, leaf, [], old)).toMatchObject({
      code: 'algorithm_unsupported',
      at: 0,
    })
    expect(await verdict(root, leaf, [], { verifier })).toMatchObject({
      code: 'algorithm_unsupported',
      set: 'modern',
    })
  })
})

/** An RSA key that signs over SHA-1, as nobody has since 2017. */
async function sha1Keys(): Promise<Keys> {
  const parameters = { modulusLength: 2048, publicExponent: octets(1, 0, 1), hash: 'SHA-1' }
  const generate = { name: 'RSASSA-PKCS1-v1_5', ...parameters }
  const pair = await crypto.subtle.generateKey(generate, true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new Error('RSA makes no pair')
  return {
    spki: new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey)),
    algorithm: sequence(oid('1.2.840.113549.1.1.5'), nul),
    sign: async (signed) =>
      new Uint8Array(await crypto.subtle.sign('RSASSA-PKCS1-v1_5', pair.privateKey, signed)),
  }
}
