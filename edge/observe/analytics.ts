import type { Decision } from '#shared/verdict/decision.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'
import { reasonOf, type CountedBy } from './metrics.ts'

/** The part of Workers Analytics Engine that is used here. */
export interface DataPoints {
  writeDataPoint(point: {
    readonly indexes: string[]
    readonly blobs: string[]
    readonly doubles: number[]
  }): void
}

/** What is counted beside the Prometheus page, over all isolates, to be asked in SQL. */
export interface Analytics {
  /** One request; `undefined` where nothing is decided here. */
  request(decision: Decision | undefined, forgedHeaders: number, by: CountedBy): void
  /** One open session that was cut. */
  cut(reason: RejectionCode, by: CountedBy): void
}

/** Characters of one text: at most 256 octets of UTF-8 each, of the 5,120 that all texts of a point may have. */
const textLengthMax = 64

/**
 * Data points of one dataset: `blob1` the event (`request`, `session_cut`), `blob2` the outcome,
 * `blob3` the reason, `blob4` the platform, `blob5` the policy; `double1` signatures verified,
 * `double2` certificate headers taken from the client. No text of them comes from a request.
 *
 * The index, by which points are sampled where there are many, is the reason: of a rare one every
 * point is kept. `SUM(_sample_interval)` counts.
 */
export function analyticsOf(dataset: DataPoints): Analytics {
  const write = (texts: readonly string[], reason: string, doubles: number[]): void => {
    const blobs = texts.map((text) => text.slice(0, textLengthMax))
    try {
      dataset.writeDataPoint({ indexes: [reason.slice(0, textLengthMax)], blobs, doubles })
    } catch (error) {
      // Whatever becomes of counting: the device is answered.
      console.error(`a data point was not written: ${String(error)}`)
    }
  }
  return {
    request(decision, forgedHeaders, { platform, policy }) {
      const outcome = decision?.outcome ?? 'not_decided'
      const reason = decision === undefined ? outcome : reasonOf(decision)
      const spent = decision?.evidence.signaturesSpent ?? 0
      write(['request', outcome, reason, platform, policy], reason, [spent, forgedHeaders])
    },
    cut(reason, { platform, policy }) {
      write(['session_cut', 'refused', reason, platform, policy], reason, [0, 0])
    },
  }
}
