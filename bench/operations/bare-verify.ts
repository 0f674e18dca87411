import { createPublicKey, verify as verifySync } from 'node:crypto'
import { publicKeyKindOf } from '#shared/x509/algorithms.ts'
import { rawEcdsaSignature } from '#shared/x509/signature.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import {
  atOnce,
  awaited,
  expectTrue,
  octetsOf,
  requestedLeaves,
  type Fixture,
  type Operation,
} from './operation.ts'
import { valueOf } from './relying-party.ts'

/**
 * The leaves' signatures alone, under the intermediate's key at hand: what nobody can undercut. Of the
 * same leaves as ours, in turn: the processor learns one signature by heart, over which BoringSSL's
 * P-256 then takes some 8 % less than over those that a server meets.
 */
export async function bareVerifies(fixture: Fixture): Promise<readonly Operation[]> {
  const { spki } = valueOf(parseCertificate(octetsOf(fixture, 'intermediate')))
  const kind = publicKeyKindOf(spki)
  if (kind === undefined) throw new Error('a key of no kind')
  const scalarOctets = kind.family === 'ec' ? kind.scalarOctets : undefined
  const { importing, verifying, hash } = parametersOf(kind)
  const key = await crypto.subtle.importKey('spki', spki, importing, false, ['verify'])
  const leaves = requestedLeaves(fixture).map((der) => {
    const { tbs, signature } = valueOf(parseCertificate(der))
    const raw = scalarOctets === undefined ? signature : rawEcdsaSignature(signature, scalarOctets)
    if (raw === undefined) throw new Error('no signature')
    return { tbs, signature, raw }
  })
  const nthOf = (nth: number) => leaves[nth % leaves.length] ?? noLeaf()
  const keyObject = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  return [
    awaited('bare subtle.verify', async (nth) => {
      const { raw, tbs } = nthOf(nth)
      expectTrue(await crypto.subtle.verify(verifying, key, raw, tbs), 'subtle.verify')
    }),
    atOnce('bare node:crypto verify', (nth) => {
      const { signature, tbs } = nthOf(nth)
      expectTrue(verifySync(hash, tbs, keyObject, signature), 'node:crypto')
    }),
  ]
}

function noLeaf(): never {
  throw new Error('no leaf')
}

type Kind = NonNullable<ReturnType<typeof publicKeyKindOf>>

/** As WebCrypto and node:crypto name what the fixtures are signed with. */
function parametersOf(kind: Kind) {
  if (kind.family === 'ed25519') {
    return { importing: { name: 'Ed25519' }, verifying: { name: 'Ed25519' }, hash: null }
  }
  if (kind.family === 'rsa') {
    const name = 'RSASSA-PKCS1-v1_5'
    return { importing: { name, hash: 'SHA-256' }, verifying: { name }, hash: 'sha256' }
  }
  const hash = kind.curve === 'P-256' ? 'SHA-256' : 'SHA-384'
  const importing = { name: 'ECDSA', namedCurve: kind.curve }
  return {
    importing,
    verifying: { name: 'ECDSA', hash },
    hash: hash.replace('-', '').toLowerCase(),
  }
}
