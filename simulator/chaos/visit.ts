import type { ConnectionFailure } from '../engine/client/failure.ts'
import { readBody } from '../engine/client/device-connection.ts'
import { openHttpWire } from '../engine/client/http-wire.ts'
import { openMqttWire, type MqttWireFailure } from '../engine/client/mqtt-wire.ts'
import type { TlsOptions } from '../engine/client/tls-connection.ts'

/**
 * What came back of one attempt. Accepted is the first octet of an application's answer that says
 * yes (HTTP 2xx, CONNACK 0, PINGRESP) and never the end of a handshake: under TLS 1.3 a client hears
 * `secureConnect` before the server has looked at its certificate (RFC 8446 4.4.2.4).
 */
export interface Outcome {
  readonly accepted: boolean
  /** Of the closed set of outcomes: `http.200`, `tls.alert.certificate_expired`, `mqtt.connack.0`, … */
  readonly said: string
  /** Whether the handshake behind it was an abbreviated one. */
  readonly resumed: boolean
}

/** A connection that was tried, and what it can still be asked. */
export interface Visit {
  readonly first: Outcome
  /** Asks once more over the same connection. */
  again(): Promise<Outcome>
  /** The newest session that the server offered. */
  session(): Buffer | undefined
  /** The newest cookie that an answer set, `name=value`. */
  cookie(): string | undefined
  close(): Promise<void>
}

export interface VisitOptions extends TlsOptions {
  readonly protocol: 'https' | 'mqtts'
  /** Of the MQTT session: a broker ends an older one of the same name. */
  readonly clientId: string
  /** Beside those of every request. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Opens a connection and asks. Never rejects: a far side that is absent or silent is an outcome. */
export function visit(options: VisitOptions): Promise<Visit> {
  return options.protocol === 'https' ? visitHttps(options) : visitMqtts(options)
}

async function visitHttps(options: VisitOptions): Promise<Visit> {
  const opened = await openHttpWire(options)
  if (!opened.ok) return refusedVisit(outcomeOfFailure(opened.error, false))
  const wire = opened.value
  const { resumed } = wire
  let cookie: string | undefined
  const ask = async (): Promise<Outcome> => {
    const answer = await wire.get('/ok', options.headers)
    if (!answer.ok) return outcomeOfFailure(answer.error, resumed)
    const { status, headers, body } = answer.value
    cookie = headers.get('set-cookie')?.split(';', 1)[0] ?? cookie
    const accepted = status >= 200 && status < 300
    return { accepted, said: `http.${status}${codeOf(headers, body)}`, resumed }
  }
  return {
    first: await ask(),
    again: ask,
    session: wire.session,
    cookie: () => cookie,
    close: () => Promise.resolve(wire.close()),
  }
}

/** The code of a problem document (RFC 9457), where the answer is one. */
function codeOf(headers: ReadonlyMap<string, string>, body: Buffer): string {
  const read = readBody(headers.get('content-type') ?? '', body.toString())
  const problem: unknown = read.ok ? read.value : undefined
  const isProblem = typeof problem === 'object' && problem !== null && 'code' in problem
  return isProblem && typeof problem.code === 'string' ? `.${problem.code}` : ''
}

async function visitMqtts(options: VisitOptions): Promise<Visit> {
  const opened = await openMqttWire(options)
  if (!opened.ok) return refusedVisit(outcomeOfFailure(opened.error, false))
  const wire = opened.value
  const { resumed } = wire
  return {
    first: { accepted: true, said: 'mqtt.connack.0', resumed },
    async again() {
      const pinged = await wire.ping()
      if (!pinged.ok) return outcomeOfFailure(pinged.error, resumed)
      return { accepted: true, said: 'mqtt.pingresp', resumed }
    },
    session: wire.session,
    cookie: () => undefined,
    close: () => Promise.resolve(wire.close()),
  }
}

function refusedVisit(first: Outcome): Visit {
  return {
    first,
    again: () => Promise.resolve({ ...first, said: 'closed' }),
    session: () => undefined,
    cookie: () => undefined,
    close: () => Promise.resolve(),
  }
}

function outcomeOfFailure(failure: MqttWireFailure, resumed: boolean): Outcome {
  return { accepted: false, said: wordOf(failure), resumed }
}

function wordOf(failure: MqttWireFailure | ConnectionFailure): string {
  switch (failure.kind) {
    case 'broker_refused':
      return `mqtt.connack.${failure.returnCode}`
    case 'connection_closed':
      return alertOf(failure.detail) ?? 'tls.closeNoAlert'
    case 'timed_out':
      return 'timeout'
    case 'unreachable':
      return 'tcp.refused'
    case 'protocol_error':
      return 'protocol_error'
  }
}

/** `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED …` is `tls.alert.certificate_required` (RFC 8446 6). */
function alertOf(detail: string): string | undefined {
  const [, alert] = /^ERR_SSL_\S*_ALERT_(\w+)/.exec(detail) ?? []
  return alert === undefined ? undefined : `tls.alert.${alert.toLowerCase()}`
}
