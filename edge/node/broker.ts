import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import type { BrokerConnection } from '../context.ts'

/** Milliseconds until a broker that does not answer counts as away. */
const connectTimeoutMs = 5_000

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/** A TCP connection to a broker; a failure to connect is an error of its streams. */
export function openTcpBroker(address: HostAndPort): BrokerConnection {
  // Acknowledgements are small, and must not wait for one another (Nagle's algorithm).
  const socket = connect({ ...address, noDelay: true })
  socket.setTimeout(connectTimeoutMs, () => {
    socket.destroy(new Error(`the broker did not answer within ${connectTimeoutMs} ms`))
  })
  socket.once('connect', () => socket.setTimeout(0))
  const { readable, writable } = Duplex.toWeb(socket)
  return {
    readable: readable as ReadableStream<Uint8Array>,
    writable: writable as WritableStream<Uint8Array>,
    close: async () => void socket.destroy(),
  }
}
