import type { Progress, Run } from '../engine/run.ts'
import type { RunResult } from '../report/run-result.ts'
import { totalsOf } from '../report/totals.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { deviceStory, type DeviceStory } from './device-story.ts'
import { snapshotOf, type Ending, type Snapshot } from './snapshot.ts'
import { createStateHistory, type StateHistory } from './state-history.ts'

/** What the page asks for, of a run that goes on or is over. */
export interface LiveView {
  /** Call it with all progress of the run: it costs next to nothing, and sums are made when asked for. */
  show(progress: Progress): void
  /** From here on the numbers are those of the run's result. */
  end(run: Run): void
  /** Undefined before the first progress. */
  snapshot(): Snapshot | undefined
  /** Undefined where no event log is kept. */
  story(device: string): DeviceStory | undefined
}

/** @param scenario as its file has it */
export function createLiveView(scenario: Scenario): LiveView {
  let latest: Progress | undefined
  let history: StateHistory | undefined
  let ended: Ending | undefined
  const states = (): StateHistory => {
    // In real time the run's time is not the file's.
    const { start, durationMs } = latest?.time ?? scenario.time
    history ??= createStateHistory(start, durationMs)
    return history
  }
  return {
    show(progress) {
      latest = progress
      if (progress.soFar !== undefined) states().observe(progress.at, progress.soFar.standings)
    },
    end({ result, log }) {
      ended = endingOf(result)
      latest = progressOf(result, log, latest?.soFar?.scenario ?? scenario)
    },
    snapshot: () => latest && snapshotOf(latest, states().plot(), ended),
    story(device) {
      const lines = latest?.soFar?.lines() ?? []
      return lines.length === 0 ? undefined : deviceStory(device, lines)
    },
  }
}

/** The last progress of a run that is over: where it ended, and what it came to. */
function progressOf(result: RunResult, log: readonly string[], scenario: Scenario): Progress {
  return {
    at: result.endedAt,
    time: scenario.time,
    phase: result.phases.at(-1)?.name ?? '',
    wallMs: result.wallMs,
    totals: totalsOf(result, Math.round(result.timeline.at(-1)?.online ?? 0)),
    soFar: {
      scenario,
      standings: () => ({}),
      collected: () => result,
      exposures: () => result.exposures,
      lines: () => log,
    },
  }
}

function endingOf({ ended, verdict, failures }: RunResult): Ending {
  if (ended === 'interrupted') return { tone: 'warn', told: 'The run was interrupted.' }
  if (verdict === 'pass') {
    return { tone: 'good', told: 'The run is over and passed: every decision as the ledger says.' }
  }
  return { tone: 'bad', told: `The run is over and failed: ${failures.join('; ')}` }
}
