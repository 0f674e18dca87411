import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Aedes } from 'aedes'

/** The MQTT 3.1.1 broker that stands behind the worker in local runs. */
export interface Broker {
  readonly port: number
  /** Messages that clients published and the broker took, since the start. */
  received(): number
  close(): Promise<void>
}

/** Starts a broker on a free port of 127.0.0.1. It trusts its network: the worker is its door. */
export async function startBroker(): Promise<Broker> {
  const broker = await Aedes.createBroker()
  const sockets = new Set<Socket>()
  let received = 0
  broker.on('publish', (_packet, client) => {
    // The broker's own announcements have no client.
    if (client !== null) received += 1
  })
  // Acknowledgements are small, and must not wait for one another (Nagle's algorithm).
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    broker.handle(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    received: () => received,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => broker.close(() => resolve()))
    },
  }
}
