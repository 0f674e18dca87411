import type { Bytes } from '#shared/bytes.ts'
import type { Presented } from '#shared/verdict/presented.ts'
import { chainHeaderLimits } from '#shared/wire/url-pem.ts'
import type { Platform, PlatformRequest } from './platform.ts'
import { isFields, malformed } from './reading.ts'

/** What is read of `node:tls`'s TLSSocket: a plain shape, since this folder runs where Node is not. */
export interface NodeTlsSocket {
  getPeerX509Certificate(): NodePeerCertificate | undefined
}

/** What is read of `node:crypto`'s X509Certificate. */
export interface NodePeerCertificate {
  /** DER. */
  readonly raw: Uint8Array
  readonly issuerCertificate?: NodePeerCertificate | undefined
}

/**
 * Node's own TLS server; `connection` is the request's socket. The server asks for certificates and
 * leaves the verdict to this code: `{ requestCert: true, rejectUnauthorized: false, ca: [] }`. With
 * authorities of its own Node 24.21 would drop intermediates (nodejs/node#65579). A resumed session
 * brings the leaf alone, so the trust store holds the intermediates. What Node calls `authorized` is
 * not looked at.
 */
export function nodeTlsPlatform(): Platform {
  // In Node 24.20 the first look consumes the chain, and a connection brings many requests.
  const seen = new WeakMap<object, Presented>()
  return {
    name: 'node-tls',
    ownHeaders: [],
    read({ connection }: PlatformRequest) {
      if (!isSocket(connection)) return malformed('socket', 'a TLS socket')
      const presented = seen.get(connection) ?? readSocket(connection)
      seen.set(connection, presented)
      return presented
    },
  }
}

function readSocket(socket: NodeTlsSocket): Presented {
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return { kind: 'none' }
  const intermediates: Bytes[] = []
  for (let next = leaf.issuerCertificate; next !== undefined; next = next.issuerCertificate) {
    // The leaf is the first of those that are counted.
    if (intermediates.length === chainHeaderLimits.certificatesMax - 1) {
      return malformed('socket', `at most ${chainHeaderLimits.certificatesMax} certificates`)
    }
    intermediates.push(new Uint8Array(next.raw))
  }
  return { kind: 'chain', leaf: new Uint8Array(leaf.raw), intermediates }
}

function isSocket(value: unknown): value is NodeTlsSocket {
  return isFields(value) && typeof value['getPeerX509Certificate'] === 'function'
}
