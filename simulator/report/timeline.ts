import { shift, type Instant } from '#shared/time.ts'
import type { Observation } from '../oracle/attempt.ts'
import { createLatencyHistogram, type LatencyHistogram } from './histogram.ts'
import type { TimelinePoint } from './run-result.ts'
import { roundStepMs } from './steps.ts'

/** As many points as a plot of a wide screen can show apart. */
const POINTS_MAX = 400

export interface Timeline {
  /** The place of the step that an instant is counted in. */
  stepOf(at: Instant): number
  /** One observation at its virtual instant, or so many alike within one step. */
  observe(at: Instant, observation: Observation, times?: number): void
  /** From this instant on so many devices are online. */
  online(at: Instant, devices: number): void
  /** The points up to `endedAt`, one for each step, empty steps included. */
  points(endedAt: Instant): readonly TimelinePoint[]
}

interface Step {
  accepted: number
  readonly refused: Map<string, number>
  /** Device-milliseconds online: divided by the time that passed it is the mean. */
  onlineMs: number
  latency: { readonly p50: number; readonly p99: number } | undefined
}

/**
 * Counts a run in at most 400 steps of round length. Facts come in the order of virtual time; one
 * that comes late is counted in its own step, its latency in the step that is open.
 */
export function createTimeline(start: Instant, durationMs: number): Timeline {
  const stepMs = roundStepMs(durationMs, POINTS_MAX)
  const steps: Step[] = []
  const latency = createLatencyHistogram()
  let openIndex = 0
  let devicesOnline = 0
  let onlineSince = start

  // What falls on the very end of the run belongs to its last step.
  const lastIndex = Math.max(0, Math.ceil(durationMs / stepMs) - 1)
  const indexAt = (at: Instant) =>
    Math.min(lastIndex, Math.max(0, Math.floor((at - start) / stepMs)))

  function advance(index: number): void {
    if (index <= openIndex) return
    closeLatency(stepAt(steps, openIndex), latency)
    latency.reset()
    openIndex = index
  }

  function passOnlineTime(until: Instant): void {
    while (onlineSince < until) {
      const index = indexAt(onlineSince)
      const endOfStep = index === lastIndex ? until : shift(start, (index + 1) * stepMs)
      const to = endOfStep < until ? endOfStep : until
      stepAt(steps, index).onlineMs += devicesOnline * (to - onlineSince)
      onlineSince = to
    }
  }

  return {
    stepOf: indexAt,
    observe(at, observation, times = 1) {
      const index = indexAt(at)
      advance(index)
      countObservation(stepAt(steps, index), observation, times)
      latency.record(observation.latencyMs, times)
    },
    online(at, devices) {
      passOnlineTime(at)
      devicesOnline = devices
    },
    points(endedAt) {
      passOnlineTime(endedAt)
      closeLatency(stepAt(steps, openIndex), latency)
      // Of a run that goes on, the instant that is being lived may have been counted already.
      const until = onlineSince > endedAt ? onlineSince : endedAt
      const count = Math.max(steps.length, Math.ceil((until - start) / stepMs))
      return Array.from({ length: count }, (_, index) => {
        const from = shift(start, index * stepMs)
        return pointOf(stepAt(steps, index), from, Math.min(stepMs, Math.max(1, until - from)))
      })
    },
  }
}

function stepAt(steps: Step[], index: number): Step {
  while (steps.length <= index) {
    steps.push({ accepted: 0, refused: new Map(), onlineMs: 0, latency: undefined })
  }
  const step = steps[index]
  if (step === undefined) throw new RangeError(`the timeline has no step ${index}`)
  return step
}

function countObservation(step: Step, observation: Observation, times: number): void {
  if (observation.outcome === 'accepted') step.accepted += times
  if (observation.outcome !== 'refused') return
  step.refused.set(observation.code, (step.refused.get(observation.code) ?? 0) + times)
}

function closeLatency(step: Step, latency: LatencyHistogram): void {
  const { count, p50, p99 } = latency.summary()
  if (count > 0) step.latency = { p50, p99 }
}

function pointOf(step: Step, at: Instant, passedMs: number): TimelinePoint {
  return {
    at,
    online: Math.round((step.onlineMs / passedMs) * 10) / 10,
    accepted: step.accepted,
    refused: Object.fromEntries(step.refused),
    latencyP50Ms: step.latency?.p50,
    latencyP99Ms: step.latency?.p99,
  }
}
