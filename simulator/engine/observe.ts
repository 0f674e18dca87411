import { answers } from '#shared/verdict/answers.ts'
import type { Observation } from '../oracle/attempt.ts'
import type { DeviceResponse } from './client/device-connection.ts'
import type { ConnectionFailure } from './client/failure.ts'
import type { MqttFailure } from './client/mqtt-client.ts'

/** What a device makes of an answer: its first application byte, and never the TLS handshake. */
export function observeResponse(response: DeviceResponse, latencyMs: number): Observation {
  const front = response.headers['x-sallyport-front']
  if (front !== undefined) return broken(`the front: ${String(front)}`, latencyMs)
  const { body, status } = response
  if (status >= 200 && status < 300) return observeAccepted(body, latencyMs)
  const code = textField(body, 'code')
  return code !== undefined && code in answers
    ? { outcome: 'refused', code, latencyMs }
    : observeForeign(status, code, latencyMs)
}

/** An answer without one of our codes: another relying party's refusal, or no decision at all. */
function observeForeign(status: number, code: string | undefined, latencyMs: number): Observation {
  const isRefusal =
    code === undefined &&
    (status === 400 || status === 401 || status === 403 || status === 495 || status === 496)
  if (isRefusal) return { outcome: 'refused', code: `http_${status}`, latencyMs }
  return broken(`HTTP ${status} ${code ?? ''}`.trim(), latencyMs)
}

function observeAccepted(body: unknown, latencyMs: number): Observation {
  const identitySerial = textField(field(body, 'device'), 'serial')
  const told = textField(body, 'session')
  const session = told === 'issued' || told === 'used' ? told : 'none'
  return { outcome: 'accepted', identitySerial, session, latencyMs }
}

/**
 * What a device makes of no answer. A terminator that refuses closes the connection without a word
 * (ALB in verify mode); a connection that had answered before and is gone now is a fault.
 */
export function observeFailure(
  failure: ConnectionFailure | MqttFailure,
  latencyMs: number,
): Observation {
  switch (failure.kind) {
    case 'refused':
      return failure.code in answers
        ? { outcome: 'refused', code: failure.code, latencyMs }
        : broken(failure.code, latencyMs)
    case 'connection_closed':
      return failure.answered === 0
        ? { outcome: 'refused', code: 'connection_closed', latencyMs }
        : broken(failure.detail, latencyMs)
    case 'broker_refused':
      return broken(`the broker refused with ${failure.returnCode}`, latencyMs)
    case 'timed_out':
    case 'unreachable':
    case 'protocol_error':
      return broken(`${failure.kind}: ${failure.detail}`, latencyMs)
  }
}

export function broken(detail: string, latencyMs: number): Observation {
  return { outcome: 'broken', detail, latencyMs }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function textField(value: unknown, name: string): string | undefined {
  const text = field(value, name)
  return typeof text === 'string' ? text : undefined
}
