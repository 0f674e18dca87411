import type { Clock } from '#shared/time.ts'
import type { TargetAddress } from './routing.ts'

/** Milliseconds between two parts of an answer's body, where nothing else is said: ALB's idle timeout. */
export const answerSilenceMs = 60_000

/** What an answer is taken within, once it has begun. */
export interface AnswerLimits {
  /** Milliseconds between two parts of its body. */
  readonly silenceMs: number
}

/** Rejects where no answer came; the request's signal ends the wait. */
export type SendToTarget = (request: Request, limits?: AnswerLimits) => Promise<Response>

/** One target that requests can be sent to. */
export interface Target {
  /** As logs name it: a URL's host, or `binding:NAME`. */
  readonly name: string
  readonly send: SendToTarget
  /** The address that the target sees of a request. */
  readonly addressOf: (requested: string) => URL
}

/** Where a request was sent, or would have been. */
export interface ChosenTarget {
  /** Undefined where the listener has one target and no groups. */
  readonly group: string | undefined
  /** Of the one that was asked last; undefined where none was. */
  readonly name: string | undefined
}

/** Opens a target as the runtime can. Throws an Error that says what is missing. */
export type OpenTarget = (address: TargetAddress) => Target

/** The targets of one group. */
export interface TargetPool {
  /** Those to try for one request, in this order. */
  next(): readonly Target[]
  /** One did not answer: the others come first for a while. */
  passOver(target: Target): void
  /** One answered, whatever was thought of it. */
  takeIn(target: Target): void
}

/** nginx's `fail_timeout`, with its `max_fails` of one. */
const passedOverMs = 10_000

/** One that nothing was sent to costs up to a connect timeout: more would make a client wait too long. */
const attemptsMax = 3

/**
 * Targets in turn. Who did not answer is passed over for ten seconds; where all are, none is (ALB's
 * groups fail open as well), and who failed longest ago comes first. What is known of them is this
 * isolate's alone.
 */
export function createTargetPool(targets: readonly Target[], clock: Clock): TargetPool {
  const passedOverUntil = new Map<Target, number>()
  const until = (target: Target): number => passedOverUntil.get(target) ?? 0
  let turn = 0
  return {
    next() {
      const now = clock.now()
      const inTurn = [...targets.slice(turn), ...targets.slice(0, turn)]
      turn = targets.length === 0 ? 0 : (turn + 1) % targets.length
      const up = inTurn.filter((target) => until(target) <= now)
      const order = up.length > 0 ? up : inTurn.toSorted((one, other) => until(one) - until(other))
      return order.slice(0, attemptsMax)
    },
    passOver: (target) => void passedOverUntil.set(target, clock.now() + passedOverMs),
    takeIn: (target) => void passedOverUntil.delete(target),
  }
}
