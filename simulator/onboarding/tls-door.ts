import { toBase64 } from '#shared/bytes.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { connect } from '../engine/client/device-connection.ts'
import { estPath, retryAfterMs, type Door } from './door.ts'

/** The way over real sockets: a TCP connection and a full mutual-TLS handshake for each question. */
export function createTlsDoor(
  { port, caPem }: { readonly port: number; readonly caPem: string },
  close: () => Promise<void>,
): Door {
  return {
    async ask({ operation, request, presented, authorization }) {
      const connected = await connect({
        host: '127.0.0.1',
        port,
        servername: 'localhost',
        caPem,
        ...(presented !== undefined && {
          credential: {
            keyPem: presented.keys().pem,
            chainPem: encodePem('CERTIFICATE', presented.der),
          },
        }),
      })
      if (!connected.ok) throw new Error(`no TLS connection: ${JSON.stringify(connected.error)}`)
      const answered = await connected.value.request({
        method: 'POST',
        path: `${estPath}/${operation}`,
        headers: {
          'content-type': 'application/pkcs10',
          ...(authorization !== undefined && { authorization }),
        },
        body: toBase64(request),
      })
      await connected.value.close()
      if (!answered.ok) throw new Error(`no answer: ${JSON.stringify(answered.error)}`)
      const { status, headers, body } = answered.value
      const [wait] = [headers['retry-after']].flat()
      return { status, text: String(body), retryAfterMs: retryAfterMs(wait) }
    },
    close,
  }
}
