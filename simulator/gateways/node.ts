import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import https from 'node:https'
import type { Socket } from 'node:net'
import { encodePem } from '#shared/wire/pem.ts'
import type { GatewaySetup, Publication, RunningGateway, Site } from './gateway.ts'

const common = { gateway: 'node', protocol: 'https' } as const

/** Node's own server with `requestCert`, `rejectUnauthorized` and `crl`, told by `setSecureContext`. */
export const nodeSetups: readonly GatewaySetup[] = [
  { ...common, variant: 'setSecureContext', start: (site) => start(site, undefined) },
  // As every process of a cluster has them, so that a device may come back to another one.
  { ...common, variant: 'shared ticketKeys', start: (site) => start(site, randomBytes(48)) },
]

async function start(site: Site, ticketKeys: Buffer | undefined): Promise<RunningGateway> {
  const server = https.createServer(
    {
      ...optionsOf(site, contentOf({ kind: 'lists', lists: site.lists }), ticketKeys),
      keepAliveTimeout: 60_000,
    },
    (_request, response) => response.end('ok'),
  )
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('TCP has a port')
  return {
    port: address.port,
    publish: (publication) => Promise.resolve(publish(server, site, ticketKeys, publication)),
    async stop() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function optionsOf(
  { server, anchorsPem }: Site,
  crl: string[],
  ticketKeys: Buffer | undefined,
): https.ServerOptions {
  return {
    key: server.keyPem,
    cert: server.certPem,
    ca: anchorsPem,
    crl,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ticketKeys === undefined ? {} : { ticketKeys }),
  }
}

function publish(
  server: https.Server,
  site: Site,
  ticketKeys: Buffer | undefined,
  publication: Publication,
): string {
  if (publication.kind === 'missing') return 'the file is gone; the server is told of nothing'
  try {
    server.setSecureContext(optionsOf(site, contentOf(publication), ticketKeys))
    return 'setSecureContext takes the list'
  } catch (error) {
    return `setSecureContext refuses the list: ${String(error)}`
  }
}

/** Of a text with several lists Node reads the first alone. */
function contentOf(publication: Exclude<Publication, { kind: 'missing' }>): string[] {
  return publication.kind === 'lists'
    ? publication.lists.map(({ der }) => encodePem('X509 CRL', der))
    : [new TextDecoder().decode(publication.octets)]
}
