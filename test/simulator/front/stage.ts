import type { Result } from '#shared/result.ts'
import { instantFromIso, type Clock } from '#shared/time.ts'
import {
  connect,
  type DeviceConnection,
  type DeviceRequest,
  type DeviceResponse,
} from '#simulator/engine/client/device-connection.ts'
import type { TlsOptions } from '#simulator/engine/client/tls-connection.ts'
import { startFront, type Front, type FrontOptions } from '#simulator/front/front.ts'
import type { FrontProfile } from '#simulator/front/profile.ts'
import { serverName, type TestCredential, type TestWorld } from '../credentials.ts'
import type { EchoedRequest } from './echo-upstream.ts'

export const localKey = 'key-of-this-run'
export const now = instantFromIso('2027-03-01T13:35:00Z')
export const clock: Clock = { now: () => now }

/** A front for a test: everyone is found good unless the test brings its own judge. */
export function startTestFront(
  world: TestWorld,
  upstream: string,
  profile: FrontProfile,
  changed: Partial<FrontOptions> = {},
): Promise<Front> {
  return startFront({
    profile,
    upstream,
    localKey,
    clock,
    judge: async (chain) => ({ kind: chain.length === 0 ? 'none' : 'success' }),
    resumption: 'never',
    serverCredential: world.server,
    port: 0,
    ...changed,
  })
}

/** A credential whose key is the first certificate's. */
export function credentialOf(
  leaf: TestCredential,
  ...others: readonly TestCredential[]
): { keyPem: string; chainPem: string } {
  return { keyPem: leaf.keyPem, chainPem: [leaf, ...others].map((one) => one.certPem).join('') }
}

export function tlsOptions(
  world: TestWorld,
  port: number,
  changed: Partial<TlsOptions> = {},
): TlsOptions {
  return {
    host: '127.0.0.1',
    port,
    servername: serverName,
    caPem: world.root.certPem,
    credential: credentialOf(world.device, world.issuing),
    ...changed,
  }
}

/** The value of a result that the test takes for granted. */
export function valueOf<Value>(result: Result<Value, unknown>): Value {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

/** Connects, or fails the test. */
export async function connected(options: TlsOptions): Promise<DeviceConnection> {
  return valueOf(await connect(options))
}

/** One answered request, or fails the test. */
export async function answered(
  connection: DeviceConnection,
  request: Partial<DeviceRequest> = {},
): Promise<DeviceResponse> {
  return valueOf(await connection.request({ method: 'GET', path: '/', ...request }))
}

/** One request on a connection of its own, as the upstream saw it. */
export async function echoOf(
  options: TlsOptions,
  request: Partial<DeviceRequest> = {},
): Promise<EchoedRequest> {
  const connection = await connected(options)
  const response = await answered(connection, request)
  await connection.close()
  return response.body as EchoedRequest
}

/** The values of one header as the upstream saw them, in order. */
export function valuesOf(echo: EchoedRequest, name: string): string[] {
  return echo.lines.filter(([other]) => other === name).map(([, value]) => value)
}
