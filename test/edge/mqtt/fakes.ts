import type { BrokerConnection } from '#edge/context.ts'
import type { MessageSocket, SocketListeners } from '#edge/websocket/message-socket.ts'
import type { Repeat } from '#edge/websocket/repeat.ts'
import { toUtf8 } from '#shared/bytes.ts'

/** The device's end of a WebSocket, played by a test. */
export interface FakeDevice {
  readonly socket: MessageSocket
  /** What arrived at the device, as text. */
  readonly received: readonly string[]
  /** How the edge closed it: code and reason, each time. */
  readonly closed: readonly (readonly [number, string])[]
  send(message: string | ArrayBuffer): void
  leave(code?: number, reason?: string): void
}

export function fakeDevice(): FakeDevice {
  const received: string[] = []
  const closed: (readonly [number, string])[] = []
  let listeners: SocketListeners | undefined
  return {
    received,
    closed,
    socket: {
      listen: (on) => {
        listeners = on
      },
      send: (message) =>
        void received.push(
          typeof message === 'string' ? message : new TextDecoder().decode(message),
        ),
      close: (code, reason) => void closed.push([code, reason]),
    },
    send: (message) => listeners?.message(message),
    leave: (code = 1000, reason = '') => listeners?.closed(code, reason),
  }
}

export const binary = (text: string): ArrayBuffer => toUtf8(text).buffer

/** A broker at the other end of a byte stream. */
export interface FakeBroker {
  readonly connection: BrokerConnection
  /** What reached the broker, as text. */
  readonly received: readonly string[]
  readonly closings: number
  send(text: string): void
  /** Ends the stream; with an error, breaks it. */
  end(error?: Error): void
  /** Takes nothing from now on, until `resume`. */
  stall(): void
  resume(): void
}

export function fakeBroker(): FakeBroker {
  const received: string[] = []
  let closings = 0
  let stalled: PromiseWithResolvers<void> | undefined
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const readable = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own
    },
  })
  const writable = new WritableStream<Uint8Array>({
    async write(octets) {
      await stalled?.promise
      received.push(new TextDecoder().decode(octets))
    },
  })
  return {
    received,
    get closings() {
      return closings
    },
    connection: {
      readable,
      writable,
      close: async () => {
        closings += 1
      },
    },
    send: (text) => controller?.enqueue(toUtf8(text)),
    end: (error) => (error === undefined ? controller?.close() : controller?.error(error)),
    stall: () => {
      stalled = Promise.withResolvers<void>()
    },
    resume: () => stalled?.resolve(),
  }
}

/** What a clock would do from time to time, done by a test. */
export function byHand() {
  let task: (() => void) | undefined
  const repeat: Repeat = (given) => {
    task = given
    return () => {
      task = undefined
    }
  }
  return { repeat, tick: () => task?.(), ticking: () => task !== undefined }
}

/** Turns of the event loop until something holds; bounded, and by no clock. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000; turn += 1) {
    if (holds()) return
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  throw new Error('it never came to hold')
}
