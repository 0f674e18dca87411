import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Aedes } from 'aedes'
import { isGoneTopic } from './door.ts'

/** The MQTT 3.1.1 broker that stands behind the worker in local runs. */
export interface Broker {
  readonly port: number
  /** Messages that clients published and the broker took, since the start. */
  received(): number
  /** Of them those that it keeps, and the wills of clients that it published. */
  counts(): { readonly retained: number; readonly wills: number }
  close(): Promise<void>
}

/** Starts a broker on a free port of 127.0.0.1. It trusts its network: the worker is its door. */
export async function startBroker(): Promise<Broker> {
  const broker = await Aedes.createBroker()
  const sockets = new Set<Socket>()
  const counts = { received: 0, retained: 0, wills: 0 }
  broker.on('publish', ({ topic, retain }, client) => {
    if (isGoneTopic(topic)) counts.wills += 1
    // The broker's own announcements have no client.
    else if (client !== null) counts.received += 1
    if (client !== null && retain) counts.retained += 1
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
    received: () => counts.received,
    counts: () => ({ ...counts }),
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => broker.close(() => resolve()))
    },
  }
}
