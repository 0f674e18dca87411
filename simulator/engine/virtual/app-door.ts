import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Clock } from '#shared/time.ts'
import { decodePem } from '#shared/wire/pem.ts'
import type { InProcessEdge } from '#simulator/worker/in-process.ts'
import { upstreamHeaders } from '../../front/headers.ts'
import type { FrontProfile, HeaderList, Judge, TerminatedConnection } from '../../front/profile.ts'
import type { Exchange } from '../../onboarding/fleet.ts'
import type { Observation } from '../../oracle/attempt.ts'
import type { MqttUse } from '../../scenario/scenario.ts'
import type { DeviceRequest } from '../client/device-connection.ts'
import { closedConnection } from '../client/failure.ts'
import type { DeviceCredential } from '../client/tls-connection.ts'
import { sessionCookieOf, type Door, type HttpsLine, type MqttLine } from '../door.ts'
import { observeFailure, observeResponse } from '../observe.ts'

/** What stands between a device of the virtual world and the edge. */
export interface AppDoorOptions {
  readonly edge: InProcessEdge
  readonly clock: Clock
  readonly judge: Judge
  /** The platform as it is played in the phase in force. */
  readonly profile: () => FrontProfile
}

/** Nothing is measured where no time passes. */
const latencyMs = 0

/** What the platform knows of a connection that it lets through. */
interface Admitted {
  readonly connection: TerminatedConnection
  readonly profile: FrontProfile
  readonly facts: Awaited<ReturnType<FrontProfile['connectionFacts']>>
}

/**
 * The door of the virtual world: what `simulator/front` does with sockets, done without them. The
 * platform reads the chain that was presented, forms its own verdict where it has one, and hands its
 * facts to the whole edge app; the device sees the answer's bytes, as over the wire.
 */
export function createAppDoor(options: AppDoorOptions): Door {
  const handshakes = { full: 0, resumed: 0 }
  let requests = 0
  const send = async (admitted: Admitted, request: DeviceRequest): Promise<Response> => {
    requests += 1
    const { cf, connection } = admitted.facts
    const made = requestOf(admitted, request, { ordinal: requests, at: options.clock.now() })
    return options.edge.fetch(made, { cf, connection })
  }
  return {
    handshakes,
    async openHttps(credential) {
      handshakes.full += 1
      const admitted = await admit(credential, options)
      return admitted.ok ? ok(httpsLine(admitted.value, send)) : admitted
    },
    async openMqtt(credential, clientId, { qos }) {
      handshakes.full += 1
      const admitted = await admit(credential, options)
      if (!admitted.ok) return admitted
      const response = await send(admitted.value, upgradeRequest)
      const session = options.edge.sessionOf(response)
      if (session === undefined) return err(await observe(response))
      const line = mqttLine(session, qos)
      // The device's CONNECT, the first message of a session.
      const observation = await line.publish('CONNECT', clientId)
      return observation.outcome === 'accepted' ? ok({ line, observation }) : err(observation)
    },
  }
}

/**
 * The way to what decides nothing about a device's requests, such as the EST server: one request over
 * a connection of its own, and its answer as it stands. Throws an Error where the platform lets
 * nobody through.
 */
export function createExchange(options: AppDoorOptions): Exchange {
  let requests = 0
  return async (credential, request) => {
    const admitted = await admit(credential, options)
    if (!admitted.ok) throw new Error('the platform closes connections to the EST server')
    requests += 1
    const { cf, connection } = admitted.value.facts
    const of = { ordinal: requests, at: options.clock.now() }
    return options.edge.fetch(requestOf(admitted.value, request, of), { cf, connection })
  }
}

/** RFC 6455 4.1, as far as the edge looks at it. */
const upgradeRequest: DeviceRequest = {
  method: 'GET',
  path: '/mqtt',
  headers: { upgrade: 'websocket', 'sec-websocket-protocol': 'mqtt' },
}

async function admit(
  credential: DeviceCredential | undefined,
  { clock, judge, profile: current }: AppDoorOptions,
): Promise<Result<Admitted, Observation>> {
  const profile = current()
  const chain = chainOf(credential)
  const verdict =
    profile.verification === 'asked'
      ? await judge(chain, clock.now())
      : { kind: 'unasked' as const }
  if (!profile.admits(verdict)) {
    const refusal = closedConnection(0, 'the platform closes the connection')
    return err(observeFailure(refusal, latencyMs))
  }
  const connection = {
    chain,
    verdict,
    clientAddress: '127.0.0.1',
    port: 443,
    tlsVersion: 'TLSv1.3',
  }
  return ok({ connection, profile, facts: await profile.connectionFacts(connection) })
}

/** DER, leaf first. Of a credential of ours the octets are at hand; a forger's comes as text. */
function chainOf(credential: DeviceCredential | undefined): readonly Bytes[] {
  if (credential === undefined) return []
  if (hasOctets(credential)) return [credential.leafDer, credential.intermediateDer]
  const chain = decodePem(credential.chainPem, 'CERTIFICATE')
  if (!chain.ok) throw new Error(`a credential's chain, line ${chain.error.line}`)
  return chain.value
}

interface WithOctets {
  readonly leafDer: Bytes
  readonly intermediateDer: Bytes
}

function hasOctets(credential: DeviceCredential): credential is DeviceCredential & WithOctets {
  return 'leafDer' in credential && 'intermediateDer' in credential
}

function requestOf(
  { connection, profile, facts }: Admitted,
  { method, path, headers = {}, body }: DeviceRequest,
  of: { readonly ordinal: number; readonly at: ReturnType<Clock['now']> },
): Request {
  const raw = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => [name, each]),
  )
  const header = (name: string): string | undefined => {
    const values = raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name)
    return values.length === 0 ? undefined : values.join(', ')
  }
  const set: HeaderList = [
    ...facts.headers,
    ...profile.requestHeaders(connection, { ...of, header }),
  ]
  const flat = upstreamHeaders(raw, set)
  const pairs = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : []))
  // A field of one hop, which the front writes anew for an upgrade.
  if (raw.includes('websocket')) pairs.push(['upgrade', 'websocket'])
  const init = { method, headers: new Headers(pairs as [string, string][]) }
  return new Request(
    `${origin}${path}`,
    body === undefined ? init : { ...init, body: textOf(body) },
  )
}

const origin = 'https://localhost'

function textOf(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : new TextDecoder().decode(body)
}

async function observe(response: Response): Promise<Observation> {
  const text = await response.text()
  const isJson = (response.headers.get('content-type') ?? '').includes('json')
  const body: unknown = isJson ? JSON.parse(text) : text
  return observeResponse({ status: response.status, headers: {}, body }, latencyMs)
}

function httpsLine(
  admitted: Admitted,
  send: (admitted: Admitted, request: DeviceRequest) => Promise<Response>,
): HttpsLine {
  return {
    // Without TLS there is nothing to resume: every connection is a new one.
    resumed: false,
    session: () => undefined,
    async request(request) {
      const response = await send(admitted, request)
      const cookie = sessionCookieOf(response.headers.getSetCookie())
      return { observation: await observe(response), cookie }
    },
    close: () => Promise.resolve(),
  }
}

function mqttLine(
  session: NonNullable<ReturnType<InProcessEdge['sessionOf']>>,
  qos: MqttUse['qos'],
): MqttLine {
  // What a device sends for one message: PUBLISH, and PINGREQ or PUBREL behind it (MQTT 3.1.1 4.3).
  const packets = qos === 1 ? 1 : 2
  return {
    async publish(topic, payload) {
      let refusal: string | undefined
      for (let sent = 0; sent < packets && refusal === undefined; sent += 1) {
        refusal = await session.send(new TextEncoder().encode(`${topic} ${payload}`))
      }
      if (refusal === undefined) {
        return { outcome: 'accepted', identitySerial: undefined, session: 'none', latencyMs }
      }
      const by = { closeCode: 4403 }
      return observeFailure({ kind: 'refused', code: refusal, by }, latencyMs)
    },
    close: async () => session.close(),
  }
}
