import type { Instant } from '#shared/time.ts'
import { formatCount } from './format.ts'
import { printable } from './paint.ts'
import { cut } from './text-table.ts'

/** Where a run stands. */
export interface ProgressView {
  readonly phase: string
  readonly at: Instant
  /** Where devices live one after another: told in place of phase and day. */
  readonly lives?: { readonly over: number; readonly all: number } | undefined
  readonly startedAt: Instant
  /** The planned end. */
  readonly endsAt: Instant
  /** Undefined where nobody counts them. */
  readonly online: number | undefined
  readonly attempts: number
  readonly accepted: number
  readonly refused: Readonly<Record<string, number>>
  readonly wrong: number
  /** Real milliseconds since the run began. */
  readonly wallMs: number
}

/** What a progress line is written to: a `process.stderr`, or a fake. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

export interface ProgressWriter {
  /** Shows where the run stands, if that is worth a line by now. Call it as often as you like. */
  show(view: ProgressView): void
  /** Takes the line away, so that what is written next starts on a clean one. */
  clear(): void
}

/** Between two rewritings on a terminal: faster than that nobody reads. */
const REWRITE_EVERY_MS = 100
/** Lines of a whole run where lines stay: one for each 5 %. */
const LINES_OF_A_RUN = 20
const DAY_MS = 86_400_000
const BAR_CELLS = 20
/** To the first column, and everything to its right erased (ECMA-48 8.3.41, EL). */
const REWRITE = '\r\u001B[K'

/** The part of the run that lies behind, from 0 to 1. */
export function progressRatio({ at, startedAt, endsAt }: ProgressView): number {
  if (endsAt <= startedAt) return 1
  return Math.min(1, Math.max(0, (at - startedAt) / (endsAt - startedAt)))
}

/** One line of progress, at most `width` columns wide; what matters least stands last. */
export function formatProgress(view: ProgressView, width: number): string {
  const percent = `${String(Math.floor(progressRatio(view) * 100)).padStart(3)} %`
  const parts = [
    ...(view.wrong > 0 ? [`${formatCount(view.wrong)} WRONG`] : []),
    formatWhere(view),
    ...(view.online === undefined ? [] : [`${formatCount(view.online)} online`]),
    `${formatCount(attemptsPerSecond(view))}/s`,
    `${formatCount(view.accepted)} accepted`,
    ...refusedPart(view.refused),
  ]
  const line = `${percent}  ${parts.join(' · ')}`
  const bar = formatBar(progressRatio(view))
  return line.length + bar.length + 1 <= width ? `${bar} ${line}` : cut(line, width)
}

/** `verify, day 12 of 90`, or `12,000 of 100,000 lives`. */
export function formatWhere(view: Where): string {
  const { lives, phase } = view
  if (lives !== undefined) return `${formatCount(lives.over)} of ${formatCount(lives.all)} lives`
  return `${printable(phase)}, ${formatDay(view)}`
}

type Where = Pick<ProgressView, 'phase' | 'at' | 'lives' | 'startedAt' | 'endsAt'>

/** `day 12 of 90`: the first day is day 1, and the end still belongs to the last. */
function formatDay({ at, startedAt, endsAt }: Where): string {
  const days = Math.max(1, Math.ceil((endsAt - startedAt) / DAY_MS))
  const day = Math.min(days, Math.floor((at - startedAt) / DAY_MS) + 1)
  return `day ${day} of ${days}`
}

function formatBar(ratio: number): string {
  const full = Math.round(ratio * BAR_CELLS)
  return '█'.repeat(full) + '░'.repeat(BAR_CELLS - full)
}

function refusedPart(refused: Readonly<Record<string, number>>): readonly string[] {
  const codes = Object.entries(refused).toSorted(([, a], [, b]) => b - a)
  if (codes.length === 0) return []
  const total = codes.reduce((sum, [, count]) => sum + count, 0)
  const byCode = codes.map(([code, count]) => `${printable(code)} ${formatCount(count)}`)
  return [`${formatCount(total)} refused (${byCode.join(', ')})`]
}

function attemptsPerSecond({ attempts, wallMs }: ProgressView): number {
  return wallMs === 0 ? 0 : (attempts * 1000) / wallMs
}

/** A line that is rewritten in place on a terminal; elsewhere a new line for each 5 % of the run. */
export function createProgressWriter(stream: ProgressStream, hint = ''): ProgressWriter {
  return stream.isTTY === true ? rewritingWriter(stream, hint) : appendingWriter(stream)
}

/** `hint` says which keys do what, at the end of the line. */
function rewritingWriter(stream: ProgressStream, hint: string): ProgressWriter {
  const keys = hint === '' ? '' : `  [${hint}]`
  let shownAtWallMs = Number.NEGATIVE_INFINITY
  return {
    show(view) {
      if (view.wallMs - shownAtWallMs < REWRITE_EVERY_MS) return
      shownAtWallMs = view.wallMs
      // The last column stays free: some terminals wrap as soon as it is written.
      const width = (stream.columns ?? 80) - 1
      stream.write(REWRITE + cut(formatProgress(view, width - keys.length) + keys, width))
    },
    clear() {
      if (shownAtWallMs !== Number.NEGATIVE_INFINITY) stream.write(REWRITE)
    },
  }
}

function appendingWriter(stream: ProgressStream): ProgressWriter {
  let lines = -1
  return {
    show(view) {
      const due = Math.floor(progressRatio(view) * LINES_OF_A_RUN)
      if (due <= lines) return
      lines = due
      stream.write(`${formatProgress(view, Number.POSITIVE_INFINITY)}\n`)
    },
    clear() {
      // Lines that stay need no clearing.
    },
  }
}
