import { toBase64 } from '#shared/bytes.ts'
import { encodePem } from '#shared/wire/pem.ts'
import {
  connect,
  type DeviceRequest,
  type DeviceResponse,
} from '../engine/client/device-connection.ts'
import { estPath, retryAfterMs, type Credential, type Door } from './door.ts'

/** A TLS server on 127.0.0.1, and who vouches for its certificate, which names `localhost`. */
export interface TlsAddress {
  readonly port: number
  readonly caPem: string
}

/** The way over real sockets: a TCP connection and a full mutual-TLS handshake for each question. */
export function createTlsDoor(address: TlsAddress, close: () => Promise<void>): Door {
  return {
    async ask({ operation, request, presented, authorization }) {
      const { status, headers, body } = await requestOverTls(address, presented, {
        method: 'POST',
        path: `${estPath}/${operation}`,
        headers: {
          'content-type': 'application/pkcs10',
          ...(authorization !== undefined && { authorization }),
        },
        body: toBase64(request),
      })
      const [wait] = [headers['retry-after']].flat()
      return { status, text: String(body), retryAfterMs: retryAfterMs(wait) }
    },
    close,
  }
}

/** One request over a connection of its own. Throws an Error where there is no answer. */
export async function requestOverTls(
  address: TlsAddress,
  presented: Credential | undefined,
  request: DeviceRequest,
): Promise<DeviceResponse> {
  const connected = await connect({
    host: '127.0.0.1',
    servername: 'localhost',
    ...address,
    ...(presented !== undefined && {
      credential: {
        keyPem: presented.keys().pem,
        chainPem: encodePem('CERTIFICATE', presented.der),
      },
    }),
  })
  if (!connected.ok) throw new Error(`no TLS connection: ${JSON.stringify(connected.error)}`)
  const answered = await connected.value.request(request)
  await connected.value.close()
  if (!answered.ok) throw new Error(`no answer: ${JSON.stringify(answered.error)}`)
  return answered.value
}
