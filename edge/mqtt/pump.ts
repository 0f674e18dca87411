import type { BrokerConnection } from '../context.ts'
import { holdSession, type Guard, type HeldSession } from '../websocket/held-session.ts'
import { inOrder } from '../websocket/in-order.ts'
import type { MessageSocket } from '../websocket/message-socket.ts'

/** Octets that may wait for the broker: beyond it the device is faster than what is behind. */
const queuedOctetsMax = 1024 * 1024

/**
 * Carries octets between a device's WebSocket and the broker, both ways, and asks before each
 * message of either side whether the session may go on. Order is kept: messages wait for each
 * other's answers.
 */
export function pump(socket: MessageSocket, broker: BrokerConnection, guard: Guard): void {
  const session = holdSession(guard, {
    behind: 'broker',
    close: (code, reason) => {
      socket.close(code, reason)
      broker
        .close()
        .catch((error: unknown) => console.error(`closing the broker: ${String(error)}`))
    },
  })
  const writer = broker.writable.getWriter()
  const order = inOrder<Uint8Array>({
    session,
    lengthOf: (octets) => octets.byteLength,
    queuedMax: queuedOctetsMax,
    tooSlow: 'the broker is too slow',
    doing: 'writing to the broker',
    send: (octets) => writer.write(octets),
  })
  socket.listen({
    message: (message) =>
      typeof message === 'string'
        ? session.end(1003, 'binary frames only')
        : order.carry(new Uint8Array(message)),
    closed: () => session.end(1000, ''),
  })
  void carryToDevice(socket, broker, session)
}

async function carryToDevice(
  socket: MessageSocket,
  broker: BrokerConnection,
  session: HeldSession,
): Promise<void> {
  let isHeard = false
  try {
    for await (const octets of broker.readable) {
      isHeard = true
      if (!(await session.mayGoOn())) return
      socket.send(octets)
    }
    // One that was never there may end like one that closes: runtimes differ in what they tell first.
    if (isHeard) session.end(1000, 'the broker closed')
    else session.fail('reading from the broker', 'it ended and had said nothing')
  } catch (error) {
    session.fail('reading from the broker', error)
  }
}
