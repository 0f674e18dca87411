import type { Severity } from '#shared/enrollment/finding.ts'
import { formatCount, formatQuantity } from '#simulator/report/format.ts'
import { printable, type Paint } from '#simulator/report/paint.ts'
import { cut, tableLines } from '#simulator/report/text-table.ts'
import { failedCount, type OnboardReport } from '../report.ts'

/** Items that a terminal shows one by one: a screen or two; all of them are in the other formats. */
const shownMax = 50
const cellMax = 60

/** A report for people at a terminal: each finding, what was found how often, and the end of it. */
export function renderTable(report: OnboardReport, paint: Paint): string {
  const shown = report.objected.slice(0, shownMax)
  const mark = { error: paint.bad, warning: paint.bold, info: paint.dim } as const
  const items = shown.flatMap(({ item, device, findings }) => [
    paint.bold(printable(device === undefined ? item.id : `${item.id} (${device})`)),
    ...tableLines(
      columns,
      findings.map(({ code, severity, path, found, wanted }) =>
        [severity, code, path, found, wanted].map((cell) => cut(printable(cell), cellMax)),
      ),
      (padded, row) => mark[findings[row]?.severity ?? 'info'](padded),
    ).slice(1),
    '',
  ])
  const more = report.objected.length + report.omitted - shown.length
  return [
    ...items,
    ...(more > 0 ? [`and ${formatQuantity(more, 'item')} more with findings`, ''] : []),
    ...(report.codes.length > 0 ? [...codeLines(report), ''] : []),
    ...report.unreadable.map(({ file, line, error }) => printable(`${file}:${line}: ${error}`)),
    endOf(report, paint),
    '',
  ].join('\n')
}

const columns = [
  { heading: 'severity', align: 'left' },
  { heading: 'code', align: 'left' },
  { heading: 'where', align: 'left' },
  { heading: 'found', align: 'left' },
  { heading: 'wanted', align: 'left' },
] as const

function codeLines({ codes }: OnboardReport): readonly string[] {
  const rows = codes.map(({ code, severity, count }) => [code, severity, formatCount(count)])
  return tableLines(
    [
      { heading: 'code', align: 'left' },
      { heading: 'severity', align: 'left' },
      { heading: 'findings', align: 'right' },
    ],
    rows,
  )
}

function endOf(report: OnboardReport, paint: Paint): string {
  const { items, checked, profile, unreadableCount } = report
  const word = (severity: Severity, said: string) => `${formatCount(items[severity])} ${said}`
  const parts = [
    word('error', 'with errors'),
    word('warning', 'with warnings alone'),
    word('info', 'with notes alone'),
    `${formatCount(items.clean)} clean`,
    ...(unreadableCount > 0 ? [`${formatQuantity(unreadableCount, 'place')} unreadable`] : []),
  ]
  const isGood = failedCount(report) === 0 && unreadableCount === 0
  const verdict = isGood ? paint.good('PASS') : paint.bad('FAIL')
  return `${verdict}  ${formatQuantity(checked, 'item')} against profile ${profile}: ${parts.join(', ')}`
}
