import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'

/** Bits of the first octet (RFC 5280 4.2.1.3). */
const keyUsageBits = { digitalSignature: 0x80, keyCertSign: 0x04, cRLSign: 0x02 } as const

/** Whether the key may be used so: without the extension there is no restriction. */
export function allowsKeyUsage(
  certificate: Pick<Certificate, 'extensions'>,
  usage: keyof typeof keyUsageBits,
): boolean {
  const { keyUsage } = certificate.extensions
  return keyUsage === undefined || ((keyUsage[0] ?? 0) & keyUsageBits[usage]) !== 0
}

/** RFC 8446 4.4.2.2: a client signs in the handshake, so its key usage, if any, has digitalSignature. */
export function checkLeafKeyUsage(leaf: Certificate, at: PathIndex): Result<void, Rejection> {
  return allowsKeyUsage(leaf, 'digitalSignature')
    ? ok(undefined)
    : err({ code: 'key_usage_forbids', at, needed: 'digitalSignature' })
}
