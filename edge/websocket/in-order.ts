import type { HeldSession } from './held-session.ts'

/** One direction of a held session. */
export interface Carrying<Message> {
  readonly session: HeldSession
  readonly lengthOf: (message: Message) => number
  /** What may wait in this direction, in the unit of `lengthOf`. */
  readonly queuedMax: number
  /** Why the session is closed where more would wait. */
  readonly tooSlow: string
  /** In log lines, where sending fails. */
  readonly doing: string
  readonly send: (message: Message) => Promise<void> | void
}

/** What waits its turn in one direction. */
export interface InOrder<Message> {
  carry(message: Message): void
  /** Does something behind all that waits. */
  last(action: () => void): void
}

/** Carries one message after another, each when the session was asked and may go on. */
export function inOrder<Message>(carrying: Carrying<Message>): InOrder<Message> {
  const { session, lengthOf, queuedMax, tooSlow, doing, send } = carrying
  let queued = 0
  let turn: Promise<void> = Promise.resolve()
  const carryAfter = async (before: Promise<void>, message: Message): Promise<void> => {
    await before
    try {
      if (await session.mayGoOn()) await send(message)
    } catch (error) {
      session.fail(doing, error)
    }
    queued -= lengthOf(message)
  }
  return {
    carry(message) {
      queued += lengthOf(message)
      if (queued > queuedMax) return session.end(1013, tooSlow)
      turn = carryAfter(turn, message)
      return undefined
    },
    last: (action) => {
      turn = turn.then(action)
    },
  }
}
