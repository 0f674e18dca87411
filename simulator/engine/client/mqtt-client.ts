import { MqttClient, type ErrorWithReasonCode, type IClientOptions } from 'mqtt'
import { createWebSocketStream, type WebSocket } from 'ws'
import { err, ok, type Result } from '#shared/result.ts'
import { openWebSocket, type SocketFailure } from './websocket.ts'
import type { TlsOptions } from './tls-connection.ts'

export interface MqttOptions extends TlsOptions {
  readonly clientId: string
  /** `/mqtt` by default. */
  readonly path?: string
  /** How messages are published: with QoS 1, and not retained, unless said. */
  readonly qos?: 0 | 1 | 2
  readonly retain?: boolean
  /** What the broker publishes where the session ends without DISCONNECT (MQTT 3.1.1 3.1.2.5). */
  readonly will?: { readonly topic: string; readonly payload: string }
  /** Of the upgrade request: a session cookie, say. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Beside the socket's failures, a broker that says no to CONNECT (MQTT 3.1.1 table 3.1). */
export type MqttFailure =
  | SocketFailure
  | { readonly kind: 'broker_refused'; readonly returnCode: number }

export interface MqttMessage {
  readonly topic: string
  readonly payload: Uint8Array
}

/** One device's MQTT session. After its first failure every call gives that same failure. */
export interface MqttSession {
  /**
   * Sends and waits for the broker's word: PUBACK with QoS 1, PUBCOMP with QoS 2; with QoS 0, which is
   * never answered, PINGRESP to a PINGREQ behind it.
   */
  publish(topic: string, payload: string): Promise<Result<void, MqttFailure>>
  /** Subscribes with QoS 1 and waits for SUBACK. */
  subscribe(topic: string): Promise<Result<void, MqttFailure>>
  onMessage(listener: (message: MqttMessage) => void): void
  /** Why the session ended, once it has, by either side. */
  readonly ended: Promise<MqttFailure>
  end(): Promise<void>
}

/** Bounds the wait for CONNACK, PUBACK and SUBACK, milliseconds of real time. */
const answerTimeoutMs = 30_000

/** Bounds the wait for the far side to close after DISCONNECT; then the connection is cut. */
const goodbyeTimeoutMs = 1_000

/** Opens an MQTT 3.1.1 session over WebSocket, with the device's credential at the TLS layer. */
export async function connectMqtt(options: MqttOptions): Promise<Result<MqttSession, MqttFailure>> {
  const opened = await openWebSocket({
    ...options,
    path: options.path ?? '/mqtt',
    subProtocol: 'mqtt',
  })
  if (!opened.ok) return opened
  const { webSocket, ended } = opened.value
  const client = clientOver(webSocket, options)
  const connected = await Promise.race([settleConnect(client), ended.then((why) => err(why))])
  if (connected.ok) return ok(sessionOver(client, webSocket, ended, options))
  webSocket.terminate()
  return connected
}

function clientOver(webSocket: WebSocket, { clientId, will, ...of }: MqttOptions): MqttClient {
  const { qos = 1, retain = false } = of
  const options: IClientOptions = {
    clientId,
    ...(will && { will: { topic: will.topic, payload: Buffer.from(will.payload), qos, retain } }),
    // aedes speaks no MQTT 5.
    protocolVersion: 4,
    clean: true,
    // A device decides itself when it tries again: that is what is simulated.
    reconnectPeriod: 0,
    connectTimeout: answerTimeoutMs,
    // Sessions are held over virtual hours; real time says nothing of them.
    keepalive: 0,
  }
  const client = new MqttClient(() => createWebSocketStream(webSocket), options)
  // Errors come out of the calls that they end; without a listener one would end the process.
  client.on('error', () => webSocket.close())
  return client
}

function settleConnect(client: MqttClient): Promise<Result<void, MqttFailure>> {
  return new Promise((resolve) => {
    client.once('connect', () => resolve(ok(undefined)))
    client.once('error', (error: Error | ErrorWithReasonCode) => {
      resolve(err(connectFailure(error)))
    })
  })
}

function connectFailure(error: Error | ErrorWithReasonCode): MqttFailure {
  if ('code' in error && typeof error.code === 'number') {
    return { kind: 'broker_refused', returnCode: error.code }
  }
  return { kind: 'protocol_error', detail: error.message }
}

function sessionOver(
  client: MqttClient,
  webSocket: WebSocket,
  ended: Promise<MqttFailure>,
  { qos = 1, retain = false }: MqttOptions,
): MqttSession {
  return {
    publish: (topic, payload) => {
      const sent = client.publishAsync(topic, payload, { qos, retain })
      return settle(qos === 0 ? sent.then(() => ping(client)) : sent, ended)
    },
    subscribe: (topic) => settle(client.subscribeAsync(topic, { qos: 1 }), ended),
    onMessage(listener) {
      client.on('message', (topic, payload) => listener({ topic, payload }))
    },
    ended,
    async end() {
      client.end()
      await within(goodbyeTimeoutMs, ended)
      webSocket.terminate()
    },
  }
}

/** PINGREQ and PINGRESP (MQTT 3.1.1 3.12 and 3.13). */
function ping(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    const onPacket: Parameters<typeof client.on<'packetreceive'>>[1] = ({ cmd }) => {
      if (cmd !== 'pingresp') return
      client.removeListener('packetreceive', onPacket)
      resolve()
    }
    client.on('packetreceive', onPacket)
    client.sendPing()
  })
}

/** The call's end or the session's, whichever comes first: mqtt.js leaves calls of a lost session open. */
async function settle(
  call: Promise<unknown>,
  ended: Promise<MqttFailure>,
): Promise<Result<void, MqttFailure>> {
  const answered = call.then(
    () => ok(undefined),
    (error: unknown) => err({ kind: 'protocol_error', detail: String(error) } as const),
  )
  const lost = ended.then((why) => err(why))
  const outcome = await within(answerTimeoutMs, Promise.race([lost, answered]))
  return outcome ?? err({ kind: 'timed_out', detail: `no answer within ${answerTimeoutMs} ms` })
}

/** What a promise comes to, or undefined after `ms` milliseconds of real time. */
async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
