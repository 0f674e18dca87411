import type { TLSSocket } from 'node:tls'
import { err, ok, type Result } from '#shared/result.ts'
import { closedConnection, failureOf, type ConnectionFailure } from './failure.ts'
import { readHttpAnswer, type HttpAnswer } from './http-answer.ts'
import { openTls, type TlsOptions } from './tls-connection.ts'

/**
 * One device's HTTP/1.1 connection for the mass, and for whoever must know how a far side refuses:
 * octets straight over TLS, one request at a time, and the failure that the TLS layer itself named.
 */
export interface HttpWire {
  readonly resumed: boolean
  readonly session: () => Buffer | undefined
  /** GET. After the first failure every call gives that one. */
  get(
    path: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Result<HttpAnswer, ConnectionFailure>>
  isClosed(): boolean
  close(): void
}

/** Bounds the wait for an answer, milliseconds of real time. */
const answerTimeoutMs = 30_000

/** What one connection remembers. */
interface Wire {
  readonly socket: TLSSocket
  octets: Buffer
  answered: number
  failure: ConnectionFailure | undefined
  waiting: ((result: Result<HttpAnswer, ConnectionFailure>) => void) | undefined
}

/** Opens a connection. A closed, silent or absent far side is a failure, never an exception. */
export async function openHttpWire(
  options: TlsOptions,
): Promise<Result<HttpWire, ConnectionFailure>> {
  const opened = await openTls(options)
  if (!opened.ok) return opened
  const { socket, resumed, session } = opened.value
  const wire = wireOver(socket)
  return ok({
    resumed,
    session,
    get: (path, headers = {}) => ask(wire, requestOf(options.servername, path, headers)),
    isClosed: () => wire.failure !== undefined,
    close() {
      fail(wire, closedConnection(wire.answered, 'closed by the device'))
      socket.destroy()
    },
  })
}

const nothing = Buffer.alloc(0)

function wireOver(socket: TLSSocket): Wire {
  const wire: Wire = {
    socket,
    octets: nothing,
    answered: 0,
    failure: undefined,
    waiting: undefined,
  }
  socket.on('data', (octets: Buffer) => {
    wire.octets = wire.octets.length === 0 ? octets : Buffer.concat([wire.octets, octets])
    readOn(wire, false)
  })
  socket.on('timeout', () => {
    fail(wire, { kind: 'timed_out', detail: `no answer within ${answerTimeoutMs} ms` })
    socket.destroy()
  })
  socket.on('error', (error) => fail(wire, failureOf(error, wire.answered)))
  socket.on('end', () => readOn(wire, true))
  socket.on('close', () => fail(wire, closedConnection(wire.answered, 'the connection was closed')))
  return wire
}

/** Values that a caller wrote in code: a name and a value that HTTP cannot bear is a fault of that code. */
function requestOf(host: string, path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  if (/[\r\n]/.test(path + Object.entries(headers).join(''))) throw new RangeError('a line end')
  return `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}\r\n`
}

function ask(wire: Wire, request: string): Promise<Result<HttpAnswer, ConnectionFailure>> {
  if (wire.failure !== undefined) return Promise.resolve(err(wire.failure))
  if (wire.waiting !== undefined) throw new Error('one request at a time')
  wire.socket.setTimeout(answerTimeoutMs)
  return new Promise((resolve) => {
    wire.waiting = resolve
    wire.socket.write(request, 'latin1')
  })
}

function readOn(wire: Wire, ended: boolean): void {
  if (wire.waiting === undefined) return
  const read = readHttpAnswer(wire.octets, ended)
  if (!read.ok) return fail(wire, { kind: 'protocol_error', detail: read.error })
  if (read.value === undefined) return
  wire.octets = wire.octets.subarray(read.value.used)
  // Interim answers come before the one that counts (RFC 9110 15.2).
  if (read.value.status < 200) return readOn(wire, ended)
  wire.answered += 1
  wire.socket.setTimeout(0)
  const { waiting } = wire
  wire.waiting = undefined
  waiting(ok(read.value))
}

/** The first failure is the connection's; whoever waits is told. */
function fail(wire: Wire, failure: ConnectionFailure): void {
  wire.failure ??= failure
  const { waiting } = wire
  wire.waiting = undefined
  waiting?.(err(wire.failure))
}
