import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { PurposeRules } from '../policy.ts'

/** What is asked of keys here: bits of the first octet, the first one highest (RFC 5280 4.2.1.3). */
const keyUsageBits = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyAgreement: 0x08,
  keyCertSign: 0x04,
  cRLSign: 0x02,
} as const

type KeyUsage = keyof typeof keyUsageBits

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
  return keyUsage === undefined || ((keyUsage[0] ?? 0) & keyUsageBits[usage]) !== 0
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

/** What no certificate that is refused has: without the extension there is no restriction. */
const noUsage = new Uint8Array(0)

/** The refusal of a key that may be used for other things only. */
export function usageForbidden(
  certificate: Certificate,
  at: PathIndex,
  needed: 'digitalSignature' | 'keyCertSign',
): Rejection {
  return {
    code: 'key_usage_forbids',
    at,
    needed,
    allowed: certificate.extensions.keyUsage ?? noUsage,
  }
}
