import {
  formatCount,
  formatDate,
  formatDuration,
  formatInstant,
  formatMemory,
  formatMs,
  formatQuantity,
  formatShare,
} from './format.ts'
import { exposureMeans } from '../scenario/scenario.ts'
import { createPaint, printable, type Paint } from './paint.ts'
import { phaseMatrix, type MatrixRow, type PhaseMatrix } from './phase-matrix.ts'
import type { ExposureWindow, RunResult } from './run-result.ts'
import { tellStory } from './story.ts'
import { tableLines, tableWidth, wrap, type Column } from './text-table.ts'

export interface TerminalOptions {
  /** Columns of the terminal. */
  readonly width: number
  readonly isColoured: boolean
}

/** Revocations and wrong decisions shown here; the page shows all. */
const EXPOSURES_MAX = 10
const STORIES_MAX = 5

/**
 * The end of a run for a terminal: phases, revocations, planned events, verdict. The last line of
 * a failed run is the command that replays it, by itself, ready to be copied.
 */
export function renderTerminal(result: RunResult, { width, isColoured }: TerminalOptions): string {
  const paint = createPaint(isColoured)
  const sections = [
    headLines(result, width, paint),
    phaseLines(phaseMatrix(result), width, paint),
    exposureLines(result, width, paint),
    meansLines(result),
    cacheLines(result),
    eventLines(result, paint),
    assertionLines(result, paint),
    storyLines(result, width, paint),
    verdictLines(result, width, paint),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function headLines(result: RunResult, width: number, paint: Paint): readonly string[] {
  const simulated = formatDuration(result.endedAt - result.startedAt)
  const period = `${formatDate(result.startedAt)} to ${formatDate(result.endedAt)}`
  const run = [
    `seed ${result.scenario.seed}`,
    formatQuantity(result.devices, 'device'),
    `${printable(result.profile)} front`,
  ]
  const cost = [
    `${simulated} simulated (${period}) in ${formatDuration(result.wallMs)}`,
    `${formatDuration(result.cpuMs)} of CPU`,
    `${formatMemory(result.peakRssBytes)} at peak`,
  ]
  return [
    paint.bold(`Sallyport  ${printable(result.scenario.name)}`),
    ...[run.join(', '), cost.join(', ')].flatMap((line) => wrap(line, width).map(paint.dim)),
  ]
}

function phaseLines(matrix: PhaseMatrix, width: number, paint: Paint): readonly string[] {
  if (matrix.phases.length === 0) return ['No phase was begun.']
  const wide = matrixLines(matrix, paint)
  if (wide.width <= width) return wide.lines
  // Too many phases for this terminal: one table under the other, each with its own column.
  return matrix.phases.flatMap((phase, index) => {
    const rows = matrix.rows.map((row) => ({ ...row, cells: row.cells.slice(index, index + 1) }))
    const { lines } = matrixLines({ phases: [phase], rows }, paint)
    return index === 0 ? lines : ['', ...lines]
  })
}

function matrixLines(
  { phases, rows }: PhaseMatrix,
  paint: Paint,
): { readonly width: number; readonly lines: readonly string[] } {
  const hasTotal = phases.length > 1
  const columns: readonly Column[] = [
    { heading: phases.length > 1 ? 'Phase' : '', align: 'left' },
    ...phases.map(({ name }) => ({ heading: printable(name), align: 'right' }) as const),
    ...(hasTotal ? [{ heading: 'all', align: 'right' } as const] : []),
  ]
  const texts = rows.map((row) => [
    row.kind === 'code' ? `  ${printable(row.label)}` : row.label,
    ...row.cells.map((cell) => cellText(row, cell)),
    ...(hasTotal ? [cellText(row, row.total)] : []),
  ])
  const lines = tableLines(columns, texts, (padded, row) => {
    if (row < 0) return paint.bold(padded)
    return rows[row]?.kind === 'code' ? paint.dim(padded) : padded
  })
  return { width: tableWidth(columns, texts), lines }
}

function cellText({ kind }: MatrixRow, cell: number | undefined): string {
  if (cell === undefined) return '–'
  return kind === 'latency' ? formatMs(cell) : formatCount(cell)
}

interface ExposureColumn extends Column {
  readonly cell: (exposure: ExposureWindow) => string
}

const exposureColumns: readonly ExposureColumn[] = [
  { heading: 'Revoked', align: 'left', cell: ({ device }) => printable(device) },
  { heading: 'let in for', align: 'right', cell: ({ exposureMs }) => formatDuration(exposureMs) },
  {
    heading: 'tried since',
    align: 'right',
    cell: ({ attemptsAfterPublication }) => formatCount(attemptsAfterPublication),
  },
  { heading: 'published after', align: 'right', cell: publicationText },
  { heading: 'revoked at', align: 'left', cell: ({ revokedAt }) => formatInstant(revokedAt) },
]

function publicationText({ publishedAt, revokedAt }: ExposureWindow): string {
  return publishedAt === undefined ? 'never' : formatDuration(publishedAt - revokedAt)
}

function exposureLines(
  { exposures, scenario }: RunResult,
  width: number,
  paint: Paint,
): readonly string[] {
  if (exposures.length === 0) return []
  const shown = exposures.toSorted((a, b) => b.exposureMs - a.exposureMs).slice(0, EXPOSURES_MAX)
  const columns = fittingColumns(exposureColumns, shown, width)
  const texts = shown.map((exposure) => columns.map(({ cell }) => cell(exposure)))
  const lines = tableLines(columns, texts, (padded, row) => {
    if (row < 0) return paint.bold(padded)
    return (shown[row]?.exposureMs ?? 0) > scenario.maxStalenessMs ? paint.bad(padded) : padded
  })
  const hidden = exposures.length - shown.length
  const bound = `Bound: ${formatDuration(scenario.maxStalenessMs)} after publication.`
  return [...lines, paint.dim(hidden > 0 ? `${bound} ${hidden} more in the report.` : bound)]
}

/** The columns without the last ones that a narrow terminal has no room for. */
function fittingColumns(
  columns: readonly ExposureColumn[],
  shown: readonly ExposureWindow[],
  width: number,
): readonly ExposureColumn[] {
  const texts = shown.map((exposure) => columns.map(({ cell }) => cell(exposure)))
  if (columns.length <= 2 || tableWidth(columns, texts) <= width) return columns
  return fittingColumns(columns.slice(0, -1), shown, width)
}

/** The four bounds, each by itself: what is missing was never tried. */
function meansLines({ exposureByMeans }: RunResult): readonly string[] {
  const tried = exposureMeans.flatMap((means) => {
    const exposure = exposureByMeans[means]
    if (exposure === undefined) return []
    const { exposureMs, tries } = exposure
    return [`${means} ${formatDuration(exposureMs)} in ${formatQuantity(tries, 'try', 'tries')}`]
  })
  return tried.length === 0 ? [] : [`Longest let in, by means: ${tried.join('; ')}.`]
}

/** Identity by address against identity by certificate, of the same pods. */
function cacheLines({ identityCache, counters }: RunResult): readonly string[] {
  if (identityCache === undefined) return []
  const { pods, stale, unknown, misidentified } = identityCache
  const share = (count: number): string => `${formatCount(count)} (${formatShare(count, pods)})`
  return [
    `Identity cache of ${formatCount(pods)} pods: ${share(stale)} stale, of them ` +
      `${share(unknown)} unknown and ${share(misidentified)} misidentified.`,
    `By certificate: ${formatCount(counters['misidentified'] ?? 0)} misidentified ` +
      `of ${formatCount(counters['accepted'] ?? 0)} let in.`,
  ]
}

function assertionLines({ assertions }: RunResult, paint: Paint): readonly string[] {
  if (assertions.length === 0) return []
  const columns: readonly Column[] = [
    { heading: 'Asserted', align: 'left' },
    { heading: 'found', align: 'left' },
  ]
  const texts = assertions.map(({ assertion, found }) => [printable(assertion), printable(found)])
  return tableLines(columns, texts, (padded, row) =>
    assertions[row]?.holds === false ? paint.bad(padded) : padded,
  )
}

function eventLines({ events }: RunResult, paint: Paint): readonly string[] {
  if (events.length === 0) return []
  const columns: readonly Column[] = [
    { heading: 'Planned events', align: 'left' },
    { heading: 'times', align: 'right' },
  ]
  const texts = events.map(({ event, count }) => [printable(event), formatCount(count)])
  return tableLines(columns, texts, (padded, row) => {
    if (row < 0) return paint.bold(padded)
    const event = events[row]
    return event !== undefined && event.count < event.atLeast ? paint.bad(padded) : padded
  })
}

function storyLines({ wrong }: RunResult, width: number, paint: Paint): readonly string[] {
  const shown = wrong.slice(0, STORIES_MAX).map(tellStory)
  const hidden = wrong.length - shown.length
  return [
    ...shown.flatMap(({ title, told }) => [
      paint.bad(printable(title)),
      ...wrap(printable(told), width - 2).map((line) => `  ${line}`),
    ]),
    ...(hidden > 0 ? [paint.dim(`${hidden} more in the report.`)] : []),
  ]
}

function verdictLines(result: RunResult, width: number, paint: Paint): readonly string[] {
  const decisions = formatQuantity(result.decisions, 'decision')
  if (result.verdict === 'pass') {
    return [`${paint.good(paint.bold('PASS'))}  ${decisions}, each as the ledger says.`]
  }
  return [
    `${paint.bad(paint.bold('FAIL'))}  ${decisions}.`,
    ...result.failures.flatMap((failure) =>
      wrap(printable(failure), width - 4).map(
        (line, index) => `${index === 0 ? '  - ' : '    '}${line}`,
      ),
    ),
    'The same again:',
    printable(result.replay),
  ]
}
