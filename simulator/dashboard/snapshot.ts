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
import { plotsOf, type Plot } from '../report/page/plots.ts'
import { progressRatio } from '../report/progress.ts'
import type { ExposureWindow, RunResult } from '../report/run-result.ts'
import { timelineOf } from '../scenario/explain/timeline.ts'
import { placePhases } from '../scenario/phases.ts'

/**
 * What the page shows at one moment: sums only, ready to be read, so that its size depends on the
 * scenario and never on how many decisions there were.
 */
export interface Snapshot {
  readonly ratio: number
  readonly now: string
  readonly phase: string
  readonly attempts: number
  readonly wallMs: number
  readonly tiles: Readonly<Record<TileName, Tile>>
  readonly reasons: readonly (readonly [reason: string, count: string, share: string])[]
  readonly marks: readonly {
    readonly at: string
    readonly what: string
    readonly isPast: boolean
  }[]
  readonly exposures: readonly ExposureRow[]
  readonly exposureNote: string
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
  const { at, time, phase, totals, wallMs, soFar } = progress
  const endsAt = shift(time.start, time.durationMs)
  const where = { phase, at, startedAt: time.start, endsAt, wallMs, ...totals }
  return {
    ratio: ended?.tone === 'good' ? 1 : progressRatio(where),
    now: formatInstant(at),
    phase,
    attempts: totals.attempts,
    wallMs,
    reasons: reasonsOf(totals),
    endsAt,
    ended,
    ...(soFar === undefined ? nothingSoFar(totals) : shownOf(progress, soFar, states)),
  }
}

type Shown = Pick<Snapshot, 'tiles' | 'marks' | 'exposures' | 'exposureNote' | 'plots' | 'phases'>

function shownOf({ at, totals }: Progress, soFar: RunSoFar, states: Plot): Shown {
  const { scenario } = soFar
  const collected = soFar.collected()
  const exposures = soFar.exposures()
  return {
    tiles: tilesOf(totals, collected.latency, exposures, scenario.edge.maxStalenessMs),
    marks: timelineOf(scenario).map(({ atMs, what }) => {
      const when = shift(scenario.time.start, atMs)
      return { at: formatInstant(when), what, isPast: when <= at }
    }),
    ...exposuresOf(exposures),
    plots: [states, ...plotsOf(collected)].filter((plot) => isWorthAPlot(plot, collected)),
    phases: placePhases(scenario).map(({ phase, startedAt, endsAt }) => ({
      name: phase.name,
      startedAt,
      endedAt: endsAt,
    })),
  }
}

/** In virtual time there are no sockets, and no latency. */
function isWorthAPlot({ id, series }: Plot, { latency }: Pick<RunResult, 'latency'>): boolean {
  return series.length > 0 && (id !== 'latency' || latency.max > 0)
}

const noLatency = { count: 0, p50: 0, p90: 0, p99: 0, max: 0 }

function nothingSoFar(totals: Progress['totals']): Shown {
  return {
    tiles: tilesOf(totals, noLatency, [], 0),
    marks: [],
    exposures: [],
    exposureNote: 'Lives are counted when they are over: the report will tell.',
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
    online: { value: formatCount(online), note: 'devices', tone: '' },
    accepted: { value: formatCount(accepted), note: formatShare(accepted, all), tone: '' },
    refused: { value: formatCount(refusals), note: formatShare(refusals, all), tone: '' },
    latency: latencyTile(latency),
  }
}

function latencyTile({ max, p50, p99 }: RunResult['latency']): Tile {
  if (max === 0) return { value: '–', note: 'none was measured', tone: '' }
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
