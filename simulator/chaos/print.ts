import { formatCount } from '../report/format.ts'
import type { Paint } from '../report/paint.ts'
import { tableLines, type Column } from '../report/text-table.ts'
import { setupName } from '../gateways/gateway.ts'
import { findingsOf, storyLines } from './findings.ts'
import type { SetupResult } from './matrix.ts'
import { ways, type Check } from './stage.ts'

/** One column of the table: which checks it counts. */
interface Group {
  readonly heading: string
  readonly counts: (check: Check) => boolean
}

const of = (fault: string, subject: string, way: Check['way'], heading: string): Group => ({
  heading,
  counts: (check) => check.fault === fault && check.subject === subject && check.way === way,
})

const groups: readonly Group[] = [
  { heading: 'handshakes', counts: ({ fault }) => fault === 'handshakes' },
  ...ways.map((way) => of('expiry', 'expired', way, `expired ${way}`)),
  ...ways.map((way) => of('revocation', 'revoked', way, `revoked ${way}`)),
  {
    heading: 'others',
    counts: ({ fault, subject }) => fault === 'revocation' && subject === 'good',
  },
  { heading: 'stale list', counts: ({ fault }) => fault === 'stale list' },
  { heading: 'damaged list', counts: ({ fault }) => fault === 'damaged list' },
]

const columns: readonly Column[] = [
  { heading: 'gateway', align: 'left' },
  ...groups.map(({ heading }) => ({ heading, align: 'right' }) as const),
]

/** The matrix: for each gateway and column how many attempts came out wrong, of how many. */
export function matrixLines(results: readonly SetupResult[], paint: Paint): readonly string[] {
  const rows = results.map(({ setup, checks }) => [
    setupName(setup),
    ...groups.map(({ counts }) => cellOf(checks.filter(counts))),
  ])
  return tableLines(columns, rows, (padded, row, column) => {
    if (row < 0) return paint.bold(padded)
    if (column === 0) return padded
    return padded.includes('BAD') ? paint.bad(padded) : paint.good(padded)
  })
}

/** A dash where a gateway resumes no session, so that there was nothing to ask. */
function cellOf(checks: readonly Check[]): string {
  const wrong = checks.filter(({ holds }) => !holds).length
  if (checks.length === 0) return '–'
  return wrong === 0 ? `ok ${checks.length}` : `BAD ${wrong}/${checks.length}`
}

/** All stories, and a last line that says how many attempts there were. */
export function reportLines(
  results: readonly Pick<SetupResult, 'setup' | 'checks'>[],
  paint: Paint,
): readonly string[] {
  const findings = results.flatMap(({ setup, checks }) => findingsOf(setup, checks))
  const attempts = results.reduce((sum, { checks }) => sum + checks.length, 0)
  const stories = findings.flatMap((finding) => {
    const [headline = '', ...rest] = storyLines(finding)
    return [paint.bold(headline), ...rest, '']
  })
  const count = `${formatCount(attempts)} attempts before ${results.length} gateways`
  const last =
    findings.length === 0
      ? paint.good(`PASS  ${count}, each as it has to be.`)
      : paint.bad(`FAIL  ${count}: ${findings.length} findings.`)
  return [...stories, last]
}
