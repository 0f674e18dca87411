import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { chainOptions, readPeerChain } from './peer-chain.ts'

export interface ServerCredential {
  readonly keyPem: string
  /** The server's certificate, with its intermediates after it if it has any. */
  readonly certPem: string
}

/**
 * Proves by a handshake with itself that this Node hands over every certificate that a client
 * sends. Some releases hand over the leaf alone where others hand over all (nodejs/node#65579),
 * and a front on them would blame devices for chains that they did send. Throws an Error that says
 * what to do.
 */
export async function assertPeerChainIsSeen(credential: ServerCredential): Promise<void> {
  const sent = 2 * countCertificates(credential.certPem)
  const seen = await countSeenCertificates(credential)
  if (seen === sent) return
  throw new Error(
    `Node ${process.versions.node} hands over ${seen} of the ${sent} certificates a TLS client ` +
      'sends (nodejs/node#65579). Run under Node 24.20.0 (`npm ci` installs it, npm scripts use ' +
      'it) or 26.10.0 and newer.',
  )
}

function countCertificates(pem: string): number {
  return pem.split('-----BEGIN CERTIFICATE-----').length - 1
}

/** The client sends the server's own certificates, and once more in the place of intermediates. */
async function countSeenCertificates({ keyPem, certPem }: ServerCredential): Promise<number> {
  const credential = { key: keyPem, cert: `${certPem.trimEnd()}\n${certPem}` }
  const server = tls.createServer({ ...credential, ...chainOptions })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  // It talks to itself, and what is under test is what the server sees.
  const client = tls.connect({ port, host: '127.0.0.1', ...credential, rejectUnauthorized: false })
  try {
    const socket = await Promise.race([secured(server), failed(client)])
    const seen = readPeerChain(socket).length
    socket.destroy()
    return seen
  } finally {
    client.destroy()
    server.close()
  }
}

async function secured(server: tls.Server): Promise<tls.TLSSocket> {
  const [socket] = (await once(server, 'secureConnection')) as [tls.TLSSocket]
  return socket
}

async function failed(client: tls.TLSSocket): Promise<never> {
  const [cause] = (await once(client, 'error')) as [Error]
  throw new Error('the front could not shake hands with itself', { cause })
}
