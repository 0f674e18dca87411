import { exportJWK, generateKeyPair } from 'jose'
import { importEvidenceRing, type EvidenceRing } from '#edge/evidence/keys.ts'

/** A new private key as a JWK with a name. */
export async function newJwk(kid: string): Promise<Readonly<Record<string, unknown>>> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const { kty, crv, x, d } = await exportJWK(privateKey)
  return { kty, crv, x, d, kid }
}

export const setOf = (...keys: readonly unknown[]): string => JSON.stringify({ keys })

/** A ring of new keys, the first of which signs. */
export async function ringOf(...kids: readonly string[]): Promise<EvidenceRing> {
  const ring = await importEvidenceRing(setOf(...(await Promise.all(kids.map(newJwk)))))
  if (!ring.ok) throw new Error(ring.error)
  return ring.value
}
