import type { Result } from '#shared/result.ts'
import {
  connect,
  type DeviceConnection,
  type DeviceRequest,
  type DeviceResponse,
} from '#simulator/engine/client/device-connection.ts'
import type { ConnectionFailure } from '#simulator/engine/client/failure.ts'
import type { TlsOptions } from '#simulator/engine/client/tls-connection.ts'
import type { Shown } from './fleet.ts'

export const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const
export type TlsVersion = (typeof tlsVersions)[number]

/** How a member reaches a terminator on 127.0.0.1. */
export function optionsOf(
  port: number,
  caPem: string,
  shown: Shown | undefined,
  version: TlsVersion,
): TlsOptions {
  return {
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    caPem,
    minVersion: version,
    maxVersion: version,
    ...(shown === undefined ? {} : { credential: shown }),
  }
}

/** One request over a connection of its own. */
export async function knock(
  options: TlsOptions,
  request: Partial<DeviceRequest> = {},
): Promise<Result<DeviceResponse, ConnectionFailure>> {
  const opened = await connect(options)
  if (!opened.ok) return opened
  const answer = await ask(opened.value, request)
  await opened.value.close()
  return answer
}

export function ask(
  connection: DeviceConnection,
  request: Partial<DeviceRequest> = {},
): Promise<Result<DeviceResponse, ConnectionFailure>> {
  return connection.request({ method: 'GET', path: '/', ...request })
}

/** An answer in one line: the status, and a problem's code; `closed` where the terminator cut it. */
export function decisionOf(answer: Result<DeviceResponse, ConnectionFailure>): string {
  if (!answer.ok) return answer.error.kind === 'connection_closed' ? 'closed' : answer.error.kind
  const { status, body } = answer.value
  const code = textOf(body, 'code')
  return code === undefined ? String(status) : `${status} ${code}`
}

/** The serial of whom the worker says it let in. */
export function serialOf(answer: Result<DeviceResponse, ConnectionFailure>): string | undefined {
  const body: unknown = answer.ok ? answer.value.body : undefined
  const device: unknown = isFields(body) ? body['device'] : undefined
  return textOf(device, 'serial')
}

function textOf(value: unknown, name: string): string | undefined {
  const text = isFields(value) ? value[name] : undefined
  return typeof text === 'string' ? text : undefined
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
