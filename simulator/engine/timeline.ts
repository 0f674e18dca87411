import { setTimeout as wait } from 'node:timers/promises'
import { instantFromMs, type Clock, type Instant } from '#shared/time.ts'

/** The run's time: it moves when the world says so, and everything in the run reads it. */
export interface Timeline extends Clock {
  /** Returns when it is `at`; instants that have passed return at once. */
  advanceTo(at: Instant, signal: AbortSignal): Promise<void>
}

/** Time that jumps from event to event: ninety days pass as fast as the events can be lived. */
export function createVirtualTimeline(start: Instant): Timeline {
  let now = start
  return {
    now: () => now,
    advanceTo(at) {
      if (at > now) now = at
      return Promise.resolve()
    },
  }
}

/** The machine's own time, for targets whose clock nobody can turn. */
export function createRealTimeline(): Timeline {
  return {
    now: realNow,
    async advanceTo(at, signal) {
      const ms = at - realNow()
      if (ms > 0) await wait(ms, undefined, { signal }).catch(ignoreAbort)
    },
  }
}

function realNow(): Instant {
  return instantFromMs(Date.now())
}

/** An aborted wait ends early: whoever waits looks at the signal next. */
function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}
