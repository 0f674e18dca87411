import { holdSession, type Guard, type HeldSession } from './held-session.ts'
import { inOrder } from './in-order.ts'
import type { MessageSocket } from './message-socket.ts'

/**
 * What may wait in one direction while the session is asked about, octets of a binary message and
 * UTF-16 units of a text: the longest message that Workers take (Cloudflare, "WebSockets", 32 MiB).
 */
const queuedMax = 32 * 1024 * 1024

/** Carries messages between a device and a target, and asks before each whether the session may go on. */
export function relay(device: MessageSocket, target: MessageSocket, guard: Guard): void {
  const session = holdSession(guard, {
    behind: 'target',
    close: (code, reason) => {
      device.close(code, reason)
      target.close(code, reason)
    },
  })
  carryAll(device, target, session, 'target')
  carryAll(target, device, session, 'device')
}

function carryAll(
  from: MessageSocket,
  to: MessageSocket,
  session: HeldSession,
  towards: 'target' | 'device',
): void {
  const order = inOrder<string | Uint8Array>({
    session,
    lengthOf: (message) => message.length,
    queuedMax,
    tooSlow: `the ${towards} is too slow`,
    doing: `sending to the ${towards}`,
    send: (message) => to.send(message),
  })
  from.listen({
    message: (message) =>
      order.carry(typeof message === 'string' ? message : new Uint8Array(message)),
    // What was said before the end is carried before it.
    closed: (code, reason) => order.last(() => session.end(relayedCode(code), reason)),
  })
}

/** RFC 6455 7.4.1: 1005 (no code), 1006 (no close) and 1015 (no TLS) are never sent. */
function relayedCode(code: number): number {
  if (code === 1005) return 1000
  return code === 1006 || code === 1015 ? 1011 : code
}
