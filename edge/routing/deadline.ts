/** Calls `action` once after so many milliseconds, unless what it gives back is called before. */
export type After = (ms: number, action: () => void) => () => void

/** The runtime's own timer. */
export const runtimeAfter: After = (ms, action) => {
  const timer = setTimeout(action, ms)
  return () => clearTimeout(timer)
}

/** A time within which something has to happen. */
export interface Deadline {
  /** Aborts when it is over. */
  readonly signal: AbortSignal
  readonly isOver: () => boolean
  /** Begins anew; nothing once it is over. */
  readonly extend: () => void
  /** It happened. */
  readonly stop: () => void
}

/** A deadline in so many milliseconds. */
export function startDeadline(ms: number, after: After): Deadline {
  const controller = new AbortController()
  const { signal } = controller
  const start = (): (() => void) =>
    after(ms, () => controller.abort(new Error(`no answer within ${ms} ms`)))
  let cancel = start()
  return {
    signal,
    isOver: () => signal.aborted,
    extend: () => {
      cancel()
      if (!signal.aborted) cancel = start()
    },
    stop: () => cancel(),
  }
}
