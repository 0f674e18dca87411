import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { PurposeRules } from '../policy.ts'

/** Bits of the first two octets, the first one highest (RFC 5280 4.2.1.3). */
const keyUsageBits = {
  digitalSignature: 0x8000,
  nonRepudiation: 0x4000,
  keyEncipherment: 0x2000,
  dataEncipherment: 0x1000,
  keyAgreement: 0x0800,
  keyCertSign: 0x0400,
  cRLSign: 0x0200,
  encipherOnly: 0x0100,
  decipherOnly: 0x0080,
} as const

/** What a key may be used for (RFC 5280 4.2.1.3). */
export type KeyUsage = keyof typeof keyUsageBits

const keyUsages = Object.keys(keyUsageBits) as readonly KeyUsage[]

/**
 * What a leaf may be used for, of which one is enough. RFC 8446 4.4.2.2: a client signs in the
 * handshake. RFC 5280 4.2.1.12: a server's key may also agree on a key or have one sent to it.
 */
const leafUsages = {
  client: ['digitalSignature'],
  server: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
} as const

/** Whether the key may be used so: without the extension there is no restriction. */
export function allowsKeyUsage(
  { extensions: { keyUsage } }: Pick<Certificate, 'extensions'>,
  usage: KeyUsage,
): boolean {
  return keyUsage === undefined || (bitsOf(keyUsage) & keyUsageBits[usage]) !== 0
}

/** The usages that a certificate names; undefined where it has no such extension. */
function usagesOf({
  extensions: { keyUsage },
}: Pick<Certificate, 'extensions'>): readonly KeyUsage[] | undefined {
  if (keyUsage === undefined) return undefined
  const bits = bitsOf(keyUsage)
  return keyUsages.filter((usage) => (bits & keyUsageBits[usage]) !== 0)
}

function bitsOf(keyUsage: Bytes): number {
  return (keyUsage[0] ?? 0) * 0x100 + (keyUsage[1] ?? 0)
}

/** RFC 5280 4.2.1.3: a leaf whose key usage is restricted may be used as the rules want to use it. */
export function checkLeafKeyUsage(
  leaf: Certificate,
  at: PathIndex,
  { use }: PurposeRules,
): Result<void, Rejection> {
  return use === 'any' || leafUsages[use].some((usage) => allowsKeyUsage(leaf, usage))
    ? ok(undefined)
    : err(usageForbidden(leaf, at, 'digitalSignature'))
}

/** The refusal of a key that may be used for other things only. */
export function usageForbidden(
  certificate: Certificate,
  at: PathIndex,
  needed: 'digitalSignature' | 'keyCertSign',
): Rejection {
  return { code: 'key_usage_forbids', at, needed, allowed: usagesOf(certificate) ?? [] }
}
