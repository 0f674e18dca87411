import type { TLSSocket } from 'node:tls'
import mqttPacket, { type Packet, type Parser } from 'mqtt-packet'
import { err, ok, type Result } from '#shared/result.ts'
import { closedConnection, failureOf, type ConnectionFailure } from './failure.ts'
import { openTls, type TlsOptions } from './tls-connection.ts'

export interface MqttWireOptions extends TlsOptions {
  readonly clientId: string
}

/** Beside the connection's failures, a broker that says no to CONNECT (MQTT 3.1.1 table 3.1). */
export type MqttWireFailure =
  | ConnectionFailure
  | { readonly kind: 'broker_refused'; readonly returnCode: number }

/**
 * One device's MQTT 3.1.1 session straight over TLS: no streams, no timers and no store of its own,
 * so that ten thousand of them fit into a process. After its first failure every call gives that one.
 */
export interface MqttWire {
  readonly resumed: boolean
  readonly session: () => Buffer | undefined
  /** PINGREQ; resolves with PINGRESP (3.12 and 3.13). */
  ping(): Promise<Result<void, MqttWireFailure>>
  /** QoS 0. False: the socket holds more than it should, wait for `drained` before the next. */
  send(topic: string, payload: Uint8Array): boolean
  /** QoS 1; resolves with PUBACK (3.4). */
  publish(topic: string, payload: Uint8Array): Promise<Result<void, MqttWireFailure>>
  /** Resolves once everything sent was handed to the kernel, or the session has ended. */
  drained(): Promise<void>
  isClosed(): boolean
  /** DISCONNECT, then the end of the connection. */
  close(): void
}

type Settle = (result: Result<void, MqttWireFailure>) => void

/** What one session remembers. */
interface Wire {
  readonly socket: TLSSocket
  readonly parser: Parser
  /** Whoever waits for CONNACK, for PINGRESP (0), or for the PUBACK of a message. */
  readonly waiting: Map<number | 'connack', Settle>
  lastId: number
  /** Whether octets wait for the end of this turn, to leave in one record. */
  isCorked: boolean
  failure: MqttWireFailure | undefined
}

/** MQTT 3.1.1 2.3.1: packet identifiers have sixteen bits and are never 0. */
const idMax = 0xffff

/** Bounds the wait for CONNACK, milliseconds of real time. */
const connackTimeoutMs = 30_000

/** Opens a session: TLS with the device's credential, CONNECT, CONNACK. */
export async function openMqttWire(
  options: MqttWireOptions,
): Promise<Result<MqttWire, MqttWireFailure>> {
  const opened = await openTls(options)
  if (!opened.ok) return opened
  const { socket, resumed, session } = opened.value
  const wire = wireOver(socket)
  const connected = await connect(wire, options.clientId)
  if (!connected.ok) {
    socket.destroy()
    return connected
  }
  return ok({ resumed, session, ...callsOf(wire) })
}

function wireOver(socket: TLSSocket): Wire {
  const parser = mqttPacket.parser({ protocolVersion: 4 })
  const wire: Wire = {
    socket,
    parser,
    waiting: new Map(),
    lastId: 0,
    isCorked: false,
    failure: undefined,
  }
  parser.on('packet', (packet: Packet) => received(wire, packet))
  parser.on('error', (error: unknown) => {
    end(wire, { kind: 'protocol_error', detail: String(error) })
  })
  socket.on('data', (octets: Buffer) => parser.parse(octets))
  socket.on('error', (error) => end(wire, failureOf(error, 0)))
  socket.on('close', () => end(wire, closedConnection(0, 'the connection was closed')))
  return wire
}

function connect(wire: Wire, clientId: string): Promise<Result<void, MqttWireFailure>> {
  wire.socket.setTimeout(connackTimeoutMs, () => {
    end(wire, { kind: 'timed_out', detail: `no CONNACK within ${connackTimeoutMs} ms` })
  })
  // Sessions are held over virtual hours; real time says nothing of them.
  const packet = {
    cmd: 'connect',
    clientId,
    protocolVersion: 4,
    clean: true,
    keepalive: 0,
  } as const
  return answered(wire, 'connack', mqttPacket.generate({ ...packet, protocolId: 'MQTT' }))
}

function callsOf(wire: Wire) {
  const { socket } = wire
  return {
    ping: () => answered(wire, 0, mqttPacket.generate({ cmd: 'pingreq' })),
    send(topic: string, payload: Uint8Array): boolean {
      if (wire.failure !== undefined) return true
      return write(wire, publication(topic, payload, 0))
    },
    publish(topic: string, payload: Uint8Array): Promise<Result<void, MqttWireFailure>> {
      const id = nextId(wire)
      return answered(wire, id, publication(topic, payload, id))
    },
    drained(): Promise<void> {
      if (!socket.writableNeedDrain || socket.destroyed) return Promise.resolve()
      return new Promise((resolve) => {
        const done = (): void => {
          socket.removeListener('drain', done).removeListener('close', done)
          resolve()
        }
        socket.on('drain', done).on('close', done)
      })
    },
    isClosed: () => wire.failure !== undefined,
    close(): void {
      if (wire.failure === undefined) socket.end(mqttPacket.generate({ cmd: 'disconnect' }))
      end(wire, closedConnection(0, 'closed by the device'))
      socket.destroySoon()
    },
  }
}

/** A PUBLISH of QoS 0 where `id` is 0, else of QoS 1. */
function publication(topic: string, payload: Uint8Array, id: number): Buffer {
  const common = { cmd: 'publish', topic, payload: asBuffer(payload), dup: false, retain: false }
  return mqttPacket.generate(
    id === 0
      ? { ...common, cmd: 'publish', qos: 0 }
      : { ...common, cmd: 'publish', qos: 1, messageId: id },
  )
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
}

/** Sends and waits for the packet that answers `key`. */
function answered(
  wire: Wire,
  key: number | 'connack',
  octets: Buffer,
): Promise<Result<void, MqttWireFailure>> {
  return new Promise((resolve) => {
    if (wire.failure !== undefined) return resolve(err(wire.failure))
    wire.waiting.set(key, resolve)
    write(wire, octets)
  })
}

/** What one turn sends leaves as one TLS record: a record of its own for each message costs twice the CPU. */
function write(wire: Wire, octets: Buffer): boolean {
  const { socket } = wire
  if (!wire.isCorked) {
    wire.isCorked = true
    socket.cork()
    process.nextTick(() => {
      wire.isCorked = false
      socket.uncork()
    })
  }
  return socket.write(octets)
}

function nextId(wire: Wire): number {
  // All identifiers in use would be 65,535 unanswered messages of one device.
  do wire.lastId = (wire.lastId % idMax) + 1
  while (wire.waiting.has(wire.lastId) && wire.waiting.size < idMax)
  return wire.lastId
}

function received(wire: Wire, packet: Packet): void {
  if (packet.cmd === 'connack') return connackReceived(wire, packet.returnCode ?? 0)
  if (packet.cmd === 'pingresp') return settle(wire, 0)
  if (packet.cmd === 'puback') return settle(wire, packet.messageId ?? -1)
}

function connackReceived(wire: Wire, returnCode: number): void {
  wire.socket.setTimeout(0)
  if (returnCode === 0) settle(wire, 'connack')
  else end(wire, { kind: 'broker_refused', returnCode })
}

function settle(wire: Wire, key: number | 'connack'): void {
  const waiting = wire.waiting.get(key)
  wire.waiting.delete(key)
  waiting?.(ok(undefined))
}

/** The first failure is the session's; whoever waits is told. */
function end(wire: Wire, failure: MqttWireFailure): void {
  wire.failure ??= failure
  const waiting = [...wire.waiting.values()]
  wire.waiting.clear()
  for (const settleOne of waiting) settleOne(err(wire.failure))
}
