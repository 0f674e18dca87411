import type { Bytes } from '#shared/bytes.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { tlsClientAuth } from '#simulator/front/profiles/cloudflare.ts'

/** What tests of the edge are given, in Node and in workerd. */
export const dayMs = 86_400_000

export const keyRing = `k1:${Buffer.alloc(32, 1).toString('base64')}`

/** `request.cf` as Cloudflare fills it for this chain, leaf first; for a client without one when empty. */
export function cfOf(...chain: readonly Bytes[]): { readonly tlsClientAuth: object } {
  const verdict = chain.length === 0 ? { kind: 'none' as const } : { kind: 'success' as const }
  return { tlsClientAuth: tlsClientAuth({ ...connection, chain, verdict }) }
}

const connection = {
  tlsVersion: 'TLSv1.3',
  clientAddress: '192.0.2.1',
  port: 443,
} as const

export const chainOf = (credential: DeviceCredential): readonly [Bytes, Bytes] => [
  credential.leafDer,
  credential.intermediateDer,
]
