import { formatCount, formatDuration, formatMemory, formatMs, formatQuantity } from '../format.ts'
import { printable, type Paint } from '../paint.ts'
import { tableLines } from '../text-table.ts'
import type { Comparison } from './compare.ts'
import type { AssertionPair, MeasurePair } from './pairs.ts'

/** What changed, for a terminal; with `isWhole` what stayed the same as well. The verdict is last. */
export function renderComparison(
  comparison: Comparison,
  { paint, isWhole }: { readonly paint: Paint; readonly isWhole: boolean },
): string {
  const { measures, assertions, settings } = comparison
  const shown = isWhole ? measures : measures.filter(isChanged)
  const told = isWhole ? assertions : assertions.filter(isAssertedAnew)
  const sections = [
    settings.map((each) => `not the same ${printable(each)}`),
    shown.length === 0 ? [] : tableLines(columns, shown.map(rowOf)).map(printableLine),
    told.flatMap(assertionLines).map(printableLine),
    verdictLines(comparison, paint),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

const columns = [
  { heading: 'what', align: 'left' },
  { heading: 'measure', align: 'left' },
  { heading: 'phase', align: 'left' },
  { heading: 'a', align: 'right' },
  { heading: 'b', align: 'right' },
  { heading: 'change', align: 'right' },
  { heading: '', align: 'right' },
] as const

const printableLine = (line: string): string => printable(line)

function isChanged({ a, b }: MeasurePair): boolean {
  return a !== b
}

function isAssertedAnew({ a, b }: AssertionPair): boolean {
  return a?.holds !== b?.holds || a?.found !== b?.found
}

function rowOf(pair: MeasurePair): readonly string[] {
  const { part, name, phase, a, b, unit, change } = pair
  const format = formats[unit]
  return [
    part,
    name,
    phase ?? 'all',
    a === undefined ? '–' : format(a),
    b === undefined ? '–' : format(b),
    change === undefined ? '–' : signed(change, unit),
    share(a, change, unit),
  ]
}

const formats: Readonly<Record<MeasurePair['unit'], (value: number) => string>> = {
  count: formatCount,
  ms: (ms) => (ms >= 10_000 ? formatDuration(ms) : `${formatMs(ms)} ms`),
  ratio: (ratio) => `${Number((ratio * 100).toFixed(3))} %`,
  bytes: formatMemory,
}

function signed(change: number, unit: MeasurePair['unit']): string {
  const size = Math.abs(change)
  const told = unit === 'ratio' ? `${Number((size * 100).toFixed(3))} points` : formats[unit](size)
  return change === 0 ? '0' : `${change > 0 ? '+' : '−'}${told}`
}

/** The change as a part of what was; nothing can be a part of 0, and shares change by points. */
function share(a: number | undefined, change: number | undefined, unit: string): string {
  if (a === undefined || a === 0 || change === undefined || change === 0 || unit === 'ratio') {
    return ''
  }
  return `${change > 0 ? '+' : '−'}${Number(Math.abs((change / a) * 100).toPrecision(3))} %`
}

function assertionLines({ assertion, a, b }: AssertionPair): readonly string[] {
  return [`asserted: ${assertion}`, `  a  ${sideLine(a)}`, `  b  ${sideLine(b)}`]
}

function sideLine(found: AssertionPair['a']): string {
  if (found === undefined) return 'not asserted'
  return `${found.holds ? 'holds' : 'FAILS'}, ${found.found}`
}

function verdictLines({ worse, measures }: Comparison, paint: Paint): readonly string[] {
  if (worse.length > 0) {
    return [
      `${paint.bad('WORSE')}  ${formatQuantity(worse.length, 'thing')} that ${worse.length === 1 ? 'counts' : 'count'}:`,
      ...worse.map((each) => `  ${printable(each)}`),
    ]
  }
  const changed = measures.filter(isChanged).length
  return [
    `${paint.good('NOT WORSE')}  in anything that counts; ${formatCount(changed)} of ${formatQuantity(measures.length, 'measure')} changed.`,
  ]
}
