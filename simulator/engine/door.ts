import { performance } from 'node:perf_hooks'
import { err, ok, type Result } from '#shared/result.ts'
import type { MqttUse } from '../scenario/scenario.ts'
import type { Observation } from '../oracle/attempt.ts'
import { connect, type DeviceRequest } from './client/device-connection.ts'
import { connectMqtt } from './client/mqtt-client.ts'
import type { DeviceCredential, HandshakeCount } from './client/tls-connection.ts'
import { broken, observeFailure, observeResponse } from './observe.ts'

/** Where devices knock: an address, the name its certificate bears, and who vouches for that (`TlsOptions`). */
export interface DoorAddress {
  readonly host: string
  readonly port: number
  readonly servername: string
  readonly caPem?: string
}

/** An answer to one request, and the session cookie that came with it. */
export interface Answer {
  readonly observation: Observation
  readonly cookie: string | undefined
}

/** An open HTTPS connection of one device. */
export interface HttpsLine {
  /** Whether the TLS session is one of before. */
  readonly resumed: boolean
  /** What a later connection can be resumed with. */
  session(): Buffer | undefined
  request(request: DeviceRequest): Promise<Answer>
  close(): Promise<void>
}

/** An open MQTT session of one device. */
export interface MqttLine {
  publish(topic: string, payload: string): Promise<Observation>
  close(): Promise<void>
}

export interface Door {
  readonly handshakes: HandshakeCount
  /** Devices that it serves at once; the world's own number where it says nothing. */
  readonly sideBySideMax?: number
  openHttps(
    credential: DeviceCredential | undefined,
    session?: Buffer,
  ): Promise<Result<HttpsLine, Observation>>
  openMqtt(
    credential: DeviceCredential,
    clientId: string,
    use: MqttUse,
  ): Promise<Result<{ readonly line: MqttLine; readonly observation: Observation }, Observation>>
}

/** Where a device's will is published. */
function goneTopic(device: string): string {
  return `fleet/${device}/gone`
}

export function isGoneTopic(topic: string): boolean {
  return topic.startsWith('fleet/') && topic.endsWith('/gone')
}

/** The cookie in which the edge seals sessions. */
const cookieName = '__Host-sallyport'

export interface DoorOptions {
  readonly address: DoorAddress
  /** Whether devices keep TLS sessions to resume them. */
  readonly sessions: 'kept' | 'ignored'
}

/**
 * A door whose connections are this process's own.
 *
 * @param nextSource the local address that the next connection comes from; undefined leaves it to the system
 */
export function createDoor(
  { address, sessions }: DoorOptions,
  nextSource: () => string | undefined = () => undefined,
): Door {
  const handshakes: HandshakeCount = { full: 0, resumed: 0 }
  const tls = (credential: DeviceCredential | undefined) => {
    const localAddress = nextSource()
    return {
      ...address,
      sessions,
      count: handshakes,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(credential === undefined ? {} : { credential }),
    }
  }
  return {
    handshakes,
    async openHttps(credential, session) {
      const startedAt = performance.now()
      const resuming = session === undefined ? {} : { session }
      const opened = await connect({ ...tls(credential), ...resuming })
      if (!opened.ok) return err(observeFailure(opened.error, performance.now() - startedAt))
      return ok(httpsLine(opened.value))
    },
    async openMqtt(credential, clientId, { qos, retain, will }) {
      const startedAt = performance.now()
      const options = { ...tls(credential), clientId, qos, retain }
      const lastWord = { topic: goneTopic(clientId), payload: 'gone' }
      const opened = await connectMqtt(will ? { ...options, will: lastWord } : options)
      const latencyMs = performance.now() - startedAt
      if (!opened.ok) return err(observeFailure(opened.error, latencyMs))
      const observation: Observation = {
        outcome: 'accepted',
        identitySerial: undefined,
        session: 'none',
        latencyMs,
      }
      return ok({ line: mqttLine(opened.value), observation })
    },
  }
}

type Opened<Connect extends (...args: never[]) => Promise<Result<unknown, unknown>>> = Extract<
  Awaited<ReturnType<Connect>>,
  { ok: true }
>['value']

function httpsLine(connection: Opened<typeof connect>): HttpsLine {
  return {
    resumed: connection.resumed,
    session: connection.session,
    async request(request) {
      const startedAt = performance.now()
      const response = await connection.request(request)
      const latencyMs = performance.now() - startedAt
      if (!response.ok)
        return { observation: observeFailure(response.error, latencyMs), cookie: undefined }
      const cookie = sessionCookieOf(response.value.headers['set-cookie'])
      return { observation: observeResponse(response.value, latencyMs), cookie }
    },
    close: () => connection.close(),
  }
}

function mqttLine(session: Opened<typeof connectMqtt>): MqttLine {
  return {
    async publish(topic, payload) {
      const startedAt = performance.now()
      const sent = await session.publish(topic, payload)
      const latencyMs = performance.now() - startedAt
      if (sent.ok) {
        return { outcome: 'accepted', identitySerial: undefined, session: 'none', latencyMs }
      }
      // An open session that is cut without a reason was not refused: something went away.
      return sent.error.kind === 'connection_closed'
        ? broken(sent.error.detail, latencyMs)
        : observeFailure(sent.error, latencyMs)
    },
    close: () => session.end(),
  }
}

/** `name=value` as a Cookie header wants it; undefined where the answer set none. */
export function sessionCookieOf(header: string | string[] | undefined): string | undefined {
  const lines = header === undefined ? [] : [header].flat()
  const line = lines.find((each) => each.startsWith(`${cookieName}=v`))
  return line?.split(';', 1)[0]
}
