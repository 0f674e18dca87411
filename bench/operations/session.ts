import { sealData, unsealData } from 'iron-session'
import { EncryptJWT, jwtDecrypt } from 'jose'
import { toBase64, toBase64Url, type Bytes } from '#shared/bytes.ts'
import { sessionClaims } from '#shared/session/claims.ts'
import { importKeyRing, type KeyRing } from '#shared/session/key-ring.ts'
import { openSession, sealSession } from '#shared/session/session.ts'
import { openToken } from '#shared/session/token.ts'
import { verify } from '#shared/verify.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import {
  awaited,
  benchNow,
  expectTrue,
  octetsOf,
  type Operation,
  type Operations,
} from './operation.ts'
import { relyingParty, valueOf } from './relying-party.ts'

const audience = 'fleet.sallyport.example'

function random(count: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(count))
}

/**
 * A session opened: ours with the leaf's hash, validity and revocation decided again; and the token
 * alone, which is what the others do, with the same claims.
 */
export const sessionOperations: Operations = async (fixture) => {
  const verification = await relyingParty(fixture, createWebCryptoVerifier())
  const leaf = octetsOf(fixture, 'leaves')
  const intermediates = [octetsOf(fixture, 'intermediate')]
  const decision = await verify({ kind: 'chain', leaf, intermediates }, verification)
  if (decision.outcome !== 'accepted' || decision.basis.kind !== 'path') throw new Error('refused')
  const octets = random(32)
  const ring = valueOf(await importKeyRing(`k1:${toBase64(octets)}`))
  const options = { ring, audience, ttlMs: 600_000, random }
  const token = await sealSession(decision.basis.path, verification, options)
  const claims = await claimsAsJson(token, ring)
  return [
    awaited('ours, openSession', async () => {
      const opened = await openSession(token, leaf, verification, options)
      expectTrue(opened.verdict === 'resumed', 'openSession')
    }),
    awaited('ours, the token alone', async () =>
      expectTrue((await openToken(token, ring, audience)) !== undefined, 'openToken'),
    ),
    await joseOpens(claims, octets),
    await ironSessionOpens(claims),
  ]
}

/** The same claims as others seal them. */
async function claimsAsJson(token: string, ring: KeyRing): Promise<Record<string, unknown>> {
  const octets = await openToken(token, ring, audience)
  const claims = octets && sessionClaims(octets)
  if (claims === undefined) throw new Error('no claims')
  const path = claims.path.map(([issuer, serial]) => [issuer, toBase64Url(serial)])
  return { ...claims, x5t: toBase64Url(claims.x5t), path }
}

async function joseOpens(claims: Record<string, unknown>, octets: Bytes): Promise<Operation> {
  const key = await crypto.subtle.importKey('raw', octets, 'AES-GCM', false, ['encrypt', 'decrypt'])
  // jose has its own idea of `exp`: in seconds.
  const jwe = await new EncryptJWT({ ...claims, exp: Math.floor(benchNow / 1000) + 600 })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setAudience(audience)
    .encrypt(key)
  const options = { audience, currentDate: new Date(benchNow) }
  return awaited('jose (JWE dir A256GCM)', async () => {
    const { payload } = await jwtDecrypt(jwe, key, options)
    expectTrue(payload['x5t'] === claims['x5t'], 'jose')
  })
}

async function ironSessionOpens(claims: Record<string, unknown>): Promise<Operation> {
  const options = { password: 'a password of thirty-two letters or more', ttl: 0 }
  const sealed = await sealData(claims, options)
  return awaited('iron-session', async () => {
    const opened = await unsealData<Record<string, unknown>>(sealed, options)
    expectTrue(opened['x5t'] === claims['x5t'], 'iron-session')
  })
}
