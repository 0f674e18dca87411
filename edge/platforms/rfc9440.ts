import type { Presented } from '#shared/verdict/presented.ts'
import { readClientCert, readClientCertChain } from '#shared/wire/rfc9440.ts'
import type { Platform, PlatformRequest } from './platform.ts'
import { malformed } from './reading.ts'

/**
 * Any proxy that speaks RFC 9440: `Client-Cert` and `Client-Cert-Chain`. It proves that the client
 * holds the leaf's key; what else it has verified the headers do not say, so the bytes are verified
 * here. The RFC has the proxy remove or overwrite a client's copies (section 2.4), and nothing in
 * the headers shows that it did: trust rests on the hop.
 */
export function rfc9440Platform(): Platform {
  return {
    name: 'rfc9440',
    ownHeaders: ['client-cert', 'client-cert-chain'],
    read: (request) => readRfc9440(request, { leaf: 'client-cert', chain: 'client-cert-chain' }),
  }
}

/** The pair of headers under whatever names; a chain without its leaf is malformed (RFC 9440 2.3). */
export function readRfc9440(
  { headers }: PlatformRequest,
  names: { readonly leaf: string; readonly chain: string },
): Presented {
  const leafText = headers.get(names.leaf)
  const chainText = headers.get(names.chain)
  if (leafText === null) {
    return chainText === null ? { kind: 'none' } : malformed(names.leaf, 'the leaf of the chain')
  }
  const leaf = readClientCert(leafText)
  if (!leaf.ok) return malformed(names.leaf, leaf.error.expected)
  const chain = readClientCertChain(chainText ?? '')
  if (!chain.ok) return malformed(names.chain, chain.error.expected)
  return { kind: 'chain', leaf: leaf.value, intermediates: chain.value }
}
