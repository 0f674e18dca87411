import type { Rejection } from '#shared/verdict/rejection.ts'
import type { BrokerConnection, DeviceSocket } from '../context.ts'
import type { Repeat } from './repeat.ts'

/** Why a session that is open may not go on; undefined while it may. */
export type Recheck = () => Promise<Rejection | undefined>

/** Called once for a session that is cut, with the reason. */
export type OnCut = (rejection: Rejection) => void

/** RFC 6455 7.4.2: 4000 to 4999 are an application's own; the last digits recall HTTP's 403. */
const refusedCloseCode = 4403

/** Octets that may wait for the broker: beyond it the device is faster than what is behind. */
const queuedOctetsMax = 1024 * 1024

/**
 * Carries octets between a device's WebSocket and the broker, both ways, and asks before each
 * message of either side whether the session may go on. Order is kept: messages wait for each
 * other's answers.
 *
 * @param repeat how often a session that carries nothing is asked about; without it never
 */
export function pump(
  socket: DeviceSocket,
  broker: BrokerConnection,
  recheck: Recheck,
  repeat?: Repeat,
  onCut?: OnCut,
): void {
  const session = createSession(socket, broker, recheck, repeat, onCut)
  const writer = broker.writable.getWriter()
  let queued = 0
  let turn: Promise<void> = Promise.resolve()
  const carryToBroker = async (before: Promise<void>, octets: Uint8Array): Promise<void> => {
    await before
    try {
      if (await session.mayGoOn()) await writer.write(octets)
    } catch (error) {
      session.fail('writing to the broker', error)
    }
    queued -= octets.byteLength
  }
  socket.listen({
    message(message) {
      if (typeof message === 'string') return session.end(1003, 'binary frames only')
      queued += message.byteLength
      if (queued > queuedOctetsMax) return session.end(1013, 'the broker is too slow')
      turn = carryToBroker(turn, new Uint8Array(message))
      return undefined
    },
    closed: () => session.end(1000, ''),
  })
  void carryToDevice(socket, broker, session)
}

interface Session {
  mayGoOn(): Promise<boolean>
  end(code: number, reason: string): void
  fail(doing: string, error: unknown): void
}

function createSession(
  socket: DeviceSocket,
  broker: BrokerConnection,
  recheck: Recheck,
  repeat?: Repeat,
  onCut?: OnCut,
): Session {
  let isOpen = true
  const end = (code: number, reason: string): void => {
    if (!isOpen) return
    isOpen = false
    stop?.()
    socket.close(code, reason)
    broker.close().catch((error: unknown) => console.error(`closing the broker: ${String(error)}`))
  }
  const session: Session = {
    async mayGoOn() {
      if (!isOpen) return false
      const rejection = await recheck()
      if (rejection !== undefined && isOpen) {
        end(refusedCloseCode, rejection.code)
        onCut?.(rejection)
      }
      return isOpen
    },
    end,
    fail(doing, error) {
      if (isOpen) console.error(`${doing}: ${String(error)}`)
      end(1011, 'the broker went away')
    },
  }
  const stop = repeat?.(() => {
    session.mayGoOn().catch((error: unknown) => session.fail('asking again', error))
  })
  return session
}

async function carryToDevice(
  socket: DeviceSocket,
  broker: BrokerConnection,
  session: Session,
): Promise<void> {
  try {
    for await (const octets of broker.readable) {
      if (!(await session.mayGoOn())) return
      socket.send(octets)
    }
    session.end(1000, 'the broker closed')
  } catch (error) {
    session.fail('reading from the broker', error)
  }
}
