import type { Rejection } from '#shared/verdict/rejection.ts'
import type { Repeat } from './repeat.ts'

/** Why a session that is open may not go on; undefined while it may. */
export type Recheck = () => Promise<Rejection | undefined>

/** Called once for a session that is cut, with the reason. */
export type OnCut = (rejection: Rejection) => void

/** What an open session is held under. */
export interface Guard {
  readonly recheck: Recheck
  /** How often a session that carries nothing is asked about; without it never. */
  readonly repeat?: Repeat | undefined
  readonly onCut?: OnCut | undefined
}

/** A session between a device and what is behind the edge, for as long as it may go on. */
export interface HeldSession {
  /** Asks anew, and cuts it where the answer is no. False as well once it has ended. */
  mayGoOn(): Promise<boolean>
  end(code: number, reason: string): void
  fail(doing: string, error: unknown): void
}

interface SessionEnds {
  /** In log lines and in the reason of a close. */
  readonly behind: 'broker' | 'target'
  /** Closes both ends; called once. */
  readonly close: (code: number, reason: string) => void
}

/** RFC 6455 7.4.2: 4000 to 4999 are an application's own; the last digits recall HTTP's 403. */
const refusedCloseCode = 4403

/** Holds a session that is open: whoever carries something through it asks first. */
export function holdSession(
  { recheck, repeat, onCut }: Guard,
  { behind, close }: SessionEnds,
): HeldSession {
  let isOpen = true
  const end = (code: number, reason: string): void => {
    if (!isOpen) return
    isOpen = false
    stop?.()
    close(code, reason)
  }
  const session: HeldSession = {
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
      end(1011, `the ${behind} went away`)
    },
  }
  const stop = repeat?.(() => {
    session.mayGoOn().catch((error: unknown) => session.fail('asking again', error))
  })
  return session
}
