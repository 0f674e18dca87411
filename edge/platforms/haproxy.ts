import { equalBytes, type Bytes } from '#shared/bytes.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { readBase64Der, readBase64OfDers } from '#shared/wire/base64-der.ts'
import type { Platform, PlatformRequest } from './platform.ts'
import { headerOf, malformed } from './reading.ts'

export interface HaproxyHeaders {
  /** `http-request set-header X-SSL-Client-Cert %[ssl_c_der,base64]` */
  readonly cert: string
  /** `… %[ssl_c_chain_der,base64]`: undefined where it is not set. */
  readonly chain: string | undefined
  /** `… %[ssl_c_verify]`: undefined where it is not set. */
  readonly verify: string | undefined
}

/** X509_V_ERR_CERT_REVOKED of OpenSSL. */
const certificateRevoked = '23'

/**
 * HAProxy: `http-request set-header` fills the headers named here and overwrites a client's copy in
 * those frontends alone that have the lines: in all others, plain HTTP above all, `del-header` has
 * to take them away (CVE-2026-46579). The chain is missing on resumed TLS sessions, so the trust
 * store holds the intermediates. HAProxy's verdict is no decision: resumption lets a revoked device
 * back in; a certificate that it calls revoked stays so.
 */
export function haproxyPlatform({ cert, chain, verify }: HaproxyHeaders): Platform {
  const names = {
    cert: cert.toLowerCase(),
    chain: chain?.toLowerCase(),
    verify: verify?.toLowerCase(),
  }
  return {
    name: 'haproxy',
    ownHeaders: Object.values(names).filter((name) => name !== undefined),
    read: (request) => readHaproxy(request, names),
  }
}

function readHaproxy(request: PlatformRequest, names: HaproxyHeaders): Presented {
  const verdict = names.verify === undefined ? '0' : headerOf(request, names.verify)
  const text = headerOf(request, names.cert)
  const chainText = names.chain === undefined ? undefined : headerOf(request, names.chain)
  if (text === undefined) {
    const speaksOfOne = chainText !== undefined
    return speaksOfOne ? malformed(names.cert, 'the leaf of the chain') : { kind: 'none' }
  }
  const leaf = readBase64Der(text)
  if (!leaf.ok) return malformed(names.cert, leaf.error.expected)
  if (verdict === undefined || !/^\d{1,3}$/.test(verdict)) {
    return malformed(names.verify ?? '', "one of OpenSSL's verdicts, a number")
  }
  const presented = readChain(leaf.value, chainText, names.chain ?? '')
  if (presented.kind !== 'chain' || verdict !== certificateRevoked) return presented
  return { ...presented, platformSaysRevoked: true }
}

function readChain(leaf: Bytes, text: string | undefined, field: string): Presented {
  if (text === undefined) return { kind: 'chain', leaf, intermediates: [] }
  const ders = readBase64OfDers(text)
  if (!ders.ok) return malformed(field, ders.error.expected)
  // Whether the leaf stands in the chain once more depends on the version of HAProxy.
  const intermediates = ders.value.filter((der) => !equalBytes(der, leaf))
  return { kind: 'chain', leaf, intermediates }
}
