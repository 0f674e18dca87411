import { instantFromMs, shift } from '#shared/time.ts'
import { createServerCredential } from '../ca/server-credential.ts'
import { openTlsEdge, type Desk, type EdgeOptions } from './edge.ts'
import { dayMs } from './plan.ts'
import type { OpenEdge } from './rehearse.ts'
import { createTlsDoor, type TlsAddress } from './tls-door.ts'

/** The edge behind its own TLS server on loopback, and how it is reached. */
export interface TlsEdge {
  readonly desk: Desk
  readonly address: TlsAddress
  readonly close: () => Promise<void>
}

/**
 * Starts the edge behind TLS. The world's clock is handed to it as to the devices; the server's
 * certificate alone goes by the real one, as TLS stacks do.
 *
 * @param nowMs the real time, milliseconds since 1970
 */
export async function openOverTls(options: EdgeOptions, nowMs: number): Promise<TlsEdge> {
  const now = instantFromMs(nowMs)
  const server = await createServerCredential({
    notBefore: shift(now, -dayMs),
    notAfter: shift(now, dayMs),
  })
  const { desk, port, close } = await openTlsEdge(options, server)
  return { desk, address: { port, caPem: server.caPem }, close }
}

/** The edge of a rehearsal, asked over sockets. */
export const overTls =
  (nowMs: number): OpenEdge =>
  async (options) => {
    const { desk, address, close } = await openOverTls(options, nowMs)
    return { desk, door: createTlsDoor(address, close) }
  }
