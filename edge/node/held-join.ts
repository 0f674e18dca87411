import type { Duplex } from 'node:stream'
import { closeFrame, createFrameGauge, type FrameGauge } from './frames.ts'
import { drained } from './response.ts'
import { holdSession, type Guard, type HeldSession } from '../websocket/held-session.ts'

/** Milliseconds in which a device is to answer a close; then its connection ends all the same. */
const closingMs = 5_000

/**
 * Joins a device's connection and a target's, octet by octet at the reader's pace, so that
 * sub-protocols and extensions are agreed between the two, and asks before each part whether the
 * session may go on. One that is cut closes with a frame of its own; in the middle of another frame,
 * where none can be put, it breaks off.
 */
export function joinHeld(client: Duplex, target: Duplex, guard: Guard): HeldSession {
  const toClient = createFrameGauge()
  const session = holdSession(guard, {
    behind: 'target',
    close: (code, reason) => {
      if (toClient.isBetweenFrames() && client.writable) {
        client.write(closeFrame(code, reason))
        endSoon(client)
      } else {
        client.destroy()
      }
      target.destroy()
    },
  })
  client.once('close', () => session.end(1000, ''))
  target.once('close', () => endSoon(client))
  void carry({ from: client, to: target, session, towards: 'target' })
  void carry({ from: target, to: client, session, towards: 'device', gauge: toClient })
  return session
}

interface Direction {
  readonly from: Duplex
  readonly to: Duplex
  readonly session: HeldSession
  readonly towards: 'target' | 'device'
  readonly gauge?: FrameGauge
}

async function carry({ from, to, session, towards, gauge }: Direction): Promise<void> {
  try {
    // Where asking fails, a close frame is still to go out.
    const parts: AsyncIterable<Buffer> = from.iterator({ destroyOnReturn: false })
    for await (const octets of parts) {
      // Read to its end all the same, as nobody hears of that otherwise.
      if (!(await session.mayGoOn()) || to.destroyed) continue
      gauge?.take(octets)
      if (!to.write(octets)) await drained(to)
    }
    to.end()
  } catch (error) {
    // Either end may go at any time: only what failed while both were there is a fault.
    if (from.destroyed || to.destroyed) return session.end(1000, '')
    session.fail(`carrying to the ${towards}`, error)
  }
}

/** Lets what was written go out, reads what is still coming in, and waits no longer than that takes. */
function endSoon(client: Duplex): void {
  client.end()
  client.resume()
  const timer = setTimeout(() => client.destroy(), closingMs)
  client.once('close', () => clearTimeout(timer))
}
