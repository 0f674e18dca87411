import { createHash } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { Bytes } from '#shared/bytes.ts'

/**
 * TLS server options under which a client's chain is seen as sent. No authority of Node's own:
 * its check is not used, any certificate may be sent, and Node 24.21 drops the intermediates of
 * just those chains that it can verify itself (nodejs/node#65579).
 */
export const chainOptions = { ca: [], requestCert: true, rejectUnauthorized: false }

/** Leaves whose chain is remembered: about 1 kB each, more than one run's devices. */
const rememberedMax = 20_000

/**
 * The chain as the client sent it: DER, leaf first, in the order of the wire, nothing added.
 * `getPeerCertificate(true)` will not do: it sorts, drops and adds certificates. Call once per
 * connection: in Node 24.20 the first call consumes the chain.
 */
export function readPeerChain(socket: TLSSocket): Bytes[] {
  const chain: Bytes[] = []
  let certificate = socket.getPeerX509Certificate()
  while (certificate !== undefined) {
    chain.push(new Uint8Array(certificate.raw))
    certificate = certificate.issuerCertificate
  }
  return chain
}

export interface ChainMemory {
  /** The chain of a connection; that of a resumed session, which carries only the leaf, by memory. */
  chainOf(socket: TLSSocket): readonly Bytes[]
}

/** Remembers the newest chains by the SHA-256 of their leaf, for resumed sessions. */
export function createChainMemory(limit: number = rememberedMax): ChainMemory {
  const chains = new Map<string, readonly Bytes[]>()
  return {
    chainOf(socket) {
      const chain = readPeerChain(socket)
      const leaf = chain[0]
      if (leaf === undefined) return chain
      const key = createHash('sha256').update(leaf).digest('base64')
      if (socket.isSessionReused()) return chains.get(key) ?? chain
      remember(chains, key, chain, limit)
      return chain
    },
  }
}

function remember(
  chains: Map<string, readonly Bytes[]>,
  key: string,
  chain: readonly Bytes[],
  limit: number,
): void {
  chains.delete(key)
  chains.set(key, chain)
  if (chains.size <= limit) return
  const [oldest] = chains.keys()
  if (oldest !== undefined) chains.delete(oldest)
}
