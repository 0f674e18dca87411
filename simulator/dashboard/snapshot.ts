import { shift } from '#shared/time.ts'
import type { Progress, RunSoFar } from '../engine/run.ts'
import {
  formatCode,
  formatCount,
  formatDuration,
  formatInstant,
  formatMs,
  formatShare,
} from '../report/format.ts'
import { isMeasured } from '../report/is-measured.ts'
import { plotsOf, type Plot } from '../report/page/plots.ts'
import { formatWhere, progressRatio } from '../report/progress.ts'
import type { ExposureWindow, RunResult } from '../report/run-result.ts'
import { timelineOf } from '../scenario/explain/timeline.ts'
import { placePhases } from '../scenario/phases.ts'

/**
 * What the page shows at one moment: sums only, ready to be read, so that its size depends on the
 * scenario and never on how many decisions there were.
 */
export interface Snapshot {
  readonly ratio: number
  /** The instant that is lived, and its phase; or how many lives are over. */
  readonly where: string
  readonly attempts: number
  readonly wallMs: number
  readonly tiles: Readonly<Record<TileName, Tile>>
  readonly reasons: readonly (readonly [reason: string, count: string, share: string])[]
  readonly marks: readonly {
    readonly at: string
    readonly what: string
    /** Undefined where no one instant is lived. */
    readonly isPast: boolean | undefined
  }[]
  readonly exposures: readonly ExposureRow[]
  readonly exposureNote: string
  readonly plotsNote: string
  readonly plots: readonly Plot[]
  readonly phases: readonly {
    readonly name: string
    readonly startedAt: number
    readonly endedAt: number
  }[]
  readonly endsAt: number
  readonly ended: Ending | undefined
}

export type TileName = 'wrong' | 'exposure' | 'online' | 'accepted' | 'refused' | 'latency'

export interface Tile {
  readonly value: string
  readonly note: string
  readonly tone: '' | 'good' | 'bad'
}

type ExposureRow = readonly [device: string, reason: string, published: string, exposure: string]

/** How a run ended. */
export interface Ending {
  readonly tone: 'good' | 'bad' | 'warn'
  readonly told: string
}

/** Exposure windows told on the page, the longest first: more are in the report. */
const exposuresMax = 10

/** @param states the plot of devices by state, see `createStateHistory` */
export function snapshotOf(progress: Progress, states: Plot, ended?: Ending): Snapshot {
  const { at, time, phase, lives, totals, wallMs, soFar } = progress
  const endsAt = shift(time.start, time.durationMs)
  const view = { phase, at, lives, startedAt: time.start, endsAt, wallMs, ...totals }
  return {
    ratio: ended?.tone === 'good' ? 1 : progressRatio(view),
    where: lives === undefined ? `${formatInstant(at)} · ${phase}` : formatWhere(view),
    attempts: totals.attempts,
    wallMs,
    reasons: reasonsOf(totals),
    endsAt,
    ended,
    ...(soFar === undefined ? nothingSoFar(totals) : shownOf(progress, soFar, states)),
  }
}

type Shown = Pick<
  Snapshot,
  'tiles' | 'marks' | 'exposures' | 'exposureNote' | 'plotsNote' | 'plots' | 'phases'
>

function shownOf({ at, lives, totals }: Progress, soFar: RunSoFar, states: Plot): Shown {
  const { scenario } = soFar
  const collected = soFar.collected()
  const exposures = soFar.exposures()
  return {
    tiles: tilesOf(totals, collected.latency, exposures, scenario.edge.maxStalenessMs),
    marks: timelineOf(scenario).map(({ atMs, what }) => {
      const when = shift(scenario.time.start, atMs)
      const isPast = lives === undefined ? when <= at : undefined
      return { at: formatInstant(when), what, isPast }
    }),
    ...exposuresOf(exposures),
    plotsNote:
      lives === undefined
        ? ''
        : 'Devices live one after another, each from the first day to the last: every plot grows over its whole width until all lives are over.',
    plots: [states, ...plotsOf(collected)].filter(({ series }) => series.length > 0),
    phases: placePhases(scenario).map(({ phase, startedAt, endsAt }) => ({
      name: phase.name,
      startedAt,
      endedAt: endsAt,
    })),
  }
}

const noLatency = { count: 0, p50: 0, p90: 0, p99: 0, max: 0 }

function nothingSoFar(totals: Progress['totals']): Shown {
  return {
    tiles: tilesOf(totals, noLatency, [], 0),
    marks: [],
    exposures: [],
    exposureNote: 'No life is over yet.',
    plotsNote: '',
    plots: [],
    phases: [],
  }
}

function reasonsOf({ accepted, refused }: Progress['totals']): Snapshot['reasons'] {
  const codes = Object.entries(refused).toSorted(([, a], [, b]) => b - a)
  const all = codes.reduce((sum, [, count]) => sum + count, accepted)
  return [['accepted', accepted] as const, ...codes].map(([reason, count]) => [
    formatCode(reason),
    formatCount(count),
    formatShare(count, all),
  ])
}

function tilesOf(
  { accepted, refused, wrong, online }: Progress['totals'],
  latency: RunResult['latency'],
  exposures: readonly ExposureWindow[],
  boundMs: number,
): Snapshot['tiles'] {
  const refusals = Object.values(refused).reduce((sum, count) => sum + count, 0)
  const all = accepted + refusals
  const longest = exposures.reduce((most, { exposureMs }) => Math.max(most, exposureMs), 0)
  const isLong = longest > boundMs
  return {
    wrong: {
      value: formatCount(wrong),
      note: 'not as the ledger says',
      tone: wrong === 0 ? 'good' : 'bad',
    },
    exposure: {
      value: exposures.length === 0 ? '–' : formatDuration(longest),
      note: `after a revocation; bound ${formatDuration(boundMs)}`,
      tone: exposures.length === 0 ? '' : isLong ? 'bad' : 'good',
    },
    online:
      online === undefined
        ? { value: '–', note: 'no two devices live at once', tone: '' }
        : { value: formatCount(online), note: 'devices', tone: '' },
    accepted: { value: formatCount(accepted), note: formatShare(accepted, all), tone: '' },
    refused: { value: formatCount(refusals), note: formatShare(refusals, all), tone: '' },
    latency: latencyTile(latency),
  }
}

function latencyTile(latency: RunResult['latency']): Tile {
  if (!isMeasured(latency)) return { value: '–', note: 'none was measured', tone: '' }
  const { p50, p99 } = latency
  const note = `99 % within; half within ${formatMs(p50)} ms`
  return { value: `${formatMs(p99)} ms`, note, tone: '' }
}

function exposuresOf(
  windows: readonly ExposureWindow[],
): Pick<Shown, 'exposures' | 'exposureNote'> {
  const longest = windows.toSorted((a, b) => b.exposureMs - a.exposureMs).slice(0, exposuresMax)
  const rest = windows.length - longest.length
  const more = rest === 0 ? '' : ` The ${formatCount(longest.length)} longest are shown.`
  return {
    exposures: longest.map(({ device, reason, publishedAt, exposureMs }) => [
      device,
      reason,
      publishedAt === undefined ? 'not yet' : formatInstant(publishedAt),
      formatDuration(exposureMs),
    ]),
    exposureNote:
      windows.length === 0
        ? 'Nobody was revoked yet.'
        : `${formatCount(windows.length)} revoked: how long each was still let in after the list that names it was out.${more}`,
  }
}
