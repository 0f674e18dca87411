import { instantFromMs, shift } from '#shared/time.ts'
import { createServerCredential } from '../ca/server-credential.ts'
import { openTlsEdge } from './edge.ts'
import { dayMs } from './plan.ts'
import type { OpenEdge } from './rehearse.ts'
import { createTlsDoor } from './tls-door.ts'

/**
 * The edge behind its own TLS server on loopback, asked over sockets. The world's clock is handed to it
 * as to the devices; the server's certificate alone goes by the real one, as TLS stacks do.
 *
 * @param nowMs the real time, milliseconds since 1970
 */
export const overTls =
  (nowMs: number): OpenEdge =>
  async (options) => {
    const now = instantFromMs(nowMs)
    const server = await createServerCredential({
      notBefore: shift(now, -dayMs),
      notAfter: shift(now, dayMs),
    })
    const { desk, port, close } = await openTlsEdge(options, server)
    return { desk, door: createTlsDoor({ port, caPem: server.caPem }, close) }
  }
