import { shift, type Instant } from '#shared/time.ts'
import {
  formatCode,
  formatCount,
  formatDate,
  formatDuration,
  formatInstant,
  formatMs,
} from '../format.ts'
import { isMeasured } from '../is-measured.ts'
import { refusalCodes } from '../phase-matrix.ts'
import type { RunResult, TimelinePoint } from '../run-result.ts'
import { roundStepMs } from '../steps.ts'

/** One line, or one colour of the bars. Values stand at the plot's times; null is a gap. */
export interface PlotSeries {
  readonly label: string
  readonly values: readonly (number | null)[]
  /** The custom property of the style sheet that holds its colour. */
  readonly colour: string
}

/** A plot, ready to be drawn and ready to be told. */
export interface Plot {
  readonly id: string
  readonly title: string
  /** What the plot shows, in a sentence or two: its text alternative. */
  readonly summary: string
  readonly kind: 'bars' | 'area' | 'lines'
  readonly unit: '' | 'ms'
  /** The start of each step. */
  readonly times: readonly Instant[]
  readonly stepMs: number
  readonly series: readonly PlotSeries[]
}

/** As many bars as stay apart from each other on a telephone. */
const BARS_MAX = 100
/** Reasons with a colour of their own; rarer ones share one. */
const REASONS_MAX = 7

/** What the plots are drawn from: of a run that is over, or that goes on. */
type Counted = Pick<RunResult, 'timeline' | 'latency'>

/**
 * The plots of a run; none where nothing was counted. Nobody is counted as online where devices live one
 * after another, and no latency is measured in virtual time: then there is no plot of it.
 */
export function plotsOf(result: Counted): readonly Plot[] {
  const [first] = result.timeline
  if (first === undefined) return []
  const bins = binned(result.timeline, first.at)
  return [
    acceptedPlot(bins),
    refusedPlot(bins),
    ...(result.timeline.some(({ online }) => online > 0)
      ? [onlinePlot(result.timeline, bins.grainMs)]
      : []),
    ...(isMeasured(result.latency) ? [latencyPlot(result, bins.grainMs)] : []),
  ]
}

interface Bins {
  readonly stepMs: number
  /** The step of the timeline itself. */
  readonly grainMs: number
  readonly bins: readonly { readonly at: Instant; readonly points: readonly TimelinePoint[] }[]
}

function binned(timeline: readonly TimelinePoint[], start: Instant): Bins {
  const second = timeline[1]
  const grainMs = second === undefined ? 1000 : second.at - start
  const stepMs = roundStepMs(grainMs * timeline.length, BARS_MAX, grainMs)
  const groups = Map.groupBy(timeline, ({ at }) => Math.floor((at - start) / stepMs))
  const bins = [...groups].map(([index, points]) => ({ at: shift(start, index * stepMs), points }))
  return { stepMs, grainMs, bins }
}

function acceptedPlot({ bins, stepMs }: Bins): Plot {
  const values = bins.map(({ points }) => sum(points.map(({ accepted }) => accepted)))
  const range = values.length === 0 ? '' : ` Between ${extremes(values)} ${per(stepMs)}.`
  return {
    id: 'accepted',
    title: `Let in, ${per(stepMs)}`,
    summary: `${formatCount(sum(values))} attempts were let in.${range}`,
    kind: 'bars',
    unit: '',
    times: bins.map(({ at }) => at),
    stepMs,
    series: [{ label: 'accepted', values, colour: '--accepted' }],
  }
}

function refusedPlot({ bins, stepMs }: Bins): Plot {
  const parts = bins.flatMap(({ points }) => points)
  const series = reasonGroups(refusalCodes(parts)).map(({ label, codes }, index) => ({
    label,
    values: bins.map(({ points }) => countOf(points, codes)),
    colour: `--reason-${index + 1}`,
  }))
  return {
    id: 'refused',
    title: `Refused by reason, ${per(stepMs)}`,
    summary: refusedSummary(series, bins, stepMs),
    kind: 'bars',
    unit: '',
    times: bins.map(({ at }) => at),
    stepMs,
    series,
  }
}

function reasonGroups(
  codes: readonly string[],
): readonly { readonly label: string; readonly codes: readonly string[] }[] {
  const own = codes.length <= REASONS_MAX ? codes : codes.slice(0, REASONS_MAX - 1)
  const rest = codes.slice(own.length)
  const groups = own.map((code) => ({ label: formatCode(code), codes: [code] }))
  return rest.length === 0 ? groups : [...groups, { label: 'other reasons', codes: rest }]
}

function countOf(points: readonly TimelinePoint[], codes: readonly string[]): number {
  return sum(points.flatMap(({ refused }) => codes.map((code) => refused[code] ?? 0)))
}

function refusedSummary(
  series: readonly { readonly label: string; readonly values: readonly number[] }[],
  bins: Bins['bins'],
  stepMs: number,
): string {
  if (series.length === 0) return 'Nobody was refused.'
  const byReason = series.map(({ label, values }) => `${label} ${formatCount(sum(values))}`)
  const totals = bins.map((_, index) => sum(series.map(({ values }) => values[index] ?? 0)))
  const most = Math.max(...totals)
  const peak = bins[totals.indexOf(most)]
  const when = peak === undefined ? '' : ` Most, ${formatCount(most)}, ${within(peak.at, stepMs)}.`
  return `${formatCount(sum(totals))} attempts were refused: ${byReason.join(', ')}.${when}`
}

function onlinePlot(timeline: readonly TimelinePoint[], stepMs: number): Plot {
  const values = timeline.map(({ online }) => online)
  const mean = sum(values) / Math.max(1, values.length)
  return {
    id: 'online',
    title: 'Devices online',
    summary: `Between ${extremes(values)} devices were online, ${formatCount(mean)} on average.`,
    kind: 'area',
    unit: '',
    times: timeline.map(({ at }) => at),
    stepMs,
    series: [{ label: 'online', values, colour: '--online' }],
  }
}

function latencyPlot({ timeline, latency }: Counted, stepMs: number): Plot {
  return {
    id: 'latency',
    title: 'Latency of a decision, ms',
    summary:
      `Half of all decisions came within ${formatMs(latency.p50)} ms, 99 % within ` +
      `${formatMs(latency.p99)} ms; the slowest took ${formatMs(latency.max)} ms.`,
    kind: 'lines',
    unit: 'ms',
    times: timeline.map(({ at }) => at),
    stepMs,
    series: [
      {
        label: 'p50',
        values: timeline.map((point) => point.latencyP50Ms ?? null),
        colour: '--p50',
      },
      {
        label: 'p99',
        values: timeline.map((point) => point.latencyP99Ms ?? null),
        colour: '--p99',
      },
    ],
  }
}

function per(stepMs: number): string {
  const length = formatDuration(stepMs)
  return length.startsWith('1 ') ? `per ${unitNames[length] ?? length}` : `per ${length}`
}

const unitNames: Readonly<Record<string, string>> = {
  '1 d': 'day',
  '1 h': 'hour',
  '1 min': 'minute',
  '1 s': 'second',
}

function within(at: Instant, stepMs: number): string {
  const from = stepMs % 86_400_000 === 0 ? formatDate(at) : formatInstant(at)
  return stepMs === 86_400_000 ? `on ${from}` : `in the ${formatDuration(stepMs)} from ${from}`
}

function extremes(values: readonly number[]): string {
  const least = values.reduce((lowest, value) => Math.min(lowest, value), Number.POSITIVE_INFINITY)
  const most = values.reduce((highest, value) => Math.max(highest, value), 0)
  return `${formatCount(least)} and ${formatCount(most)}`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
