import type { Finding, Severity } from '#shared/enrollment/finding.ts'
import type { Instant } from '#shared/time.ts'
import type { CheckedItem } from './check-item.ts'
import type { Unreadable } from './item.ts'

/** What a run found, in bounded memory: counts of all, and the first items with findings. */
export interface OnboardReport {
  readonly profile: string
  readonly now: Instant
  /** Items that were checked. */
  readonly checked: number
  /** Items by their gravest finding. */
  readonly items: Readonly<Record<Severity | 'clean', number>>
  /** Findings by code, the most frequent first. */
  readonly codes: readonly CodeCount[]
  /** The first items that were objected to, in order. */
  readonly objected: readonly CheckedItem[]
  /** Further items that were objected to. */
  readonly omitted: number
  /** The first places of the input that held nothing to check. */
  readonly unreadable: readonly Unreadable[]
  readonly unreadableCount: number
  /** The gravity from which an item fails. */
  readonly failOn: FailOn
}

export interface CodeCount {
  readonly code: string
  readonly severity: Severity
  readonly count: number
}

export type FailOn = 'error' | 'warning' | 'info'

/** Items told one by one: what code-scanning services take (25,000 results) and people never read. */
const objectedMax = 10_000
const unreadableMax = 100

export interface ReportBuilder {
  add(checked: CheckedItem): void
  addUnreadable(place: Unreadable): void
  build(): OnboardReport
}

export function createReportBuilder(
  head: Pick<OnboardReport, 'profile' | 'now' | 'failOn'>,
): ReportBuilder {
  const items = { error: 0, warning: 0, info: 0, clean: 0 }
  const codes = new Map<string, { severity: Severity; count: number }>()
  const objected: CheckedItem[] = []
  const unreadable: Unreadable[] = []
  let [checkedCount, objectedCount, unreadableCount] = [0, 0, 0]
  return {
    add(checked) {
      checkedCount += 1
      items[gravest(checked.findings)] += 1
      for (const { code, severity } of checked.findings) {
        const row = codes.get(code) ?? { severity, count: 0 }
        row.count += 1
        codes.set(code, row)
      }
      if (checked.findings.length === 0) return
      objectedCount += 1
      if (objected.length < objectedMax) objected.push(checked)
    },
    addUnreadable(place) {
      unreadableCount += 1
      if (unreadable.length < unreadableMax) unreadable.push(place)
    },
    build: () => ({
      ...head,
      checked: checkedCount,
      items,
      codes: Array.from(codes, ([code, row]) => ({ code, ...row })).toSorted(
        (a, b) => b.count - a.count,
      ),
      objected,
      omitted: objectedCount - objected.length,
      unreadable,
      unreadableCount,
    }),
  }
}

/** The gravest severity of findings in their order, which has it first. */
function gravest([first]: readonly Finding[]): Severity | 'clean' {
  return first?.severity ?? 'clean'
}

const severities: readonly Severity[] = ['error', 'warning', 'info']

/** Whether a severity is as grave as the one from which an item fails, or graver. */
export function failsOn(severity: Severity, failOn: FailOn): boolean {
  return severities.indexOf(severity) <= severities.indexOf(failOn)
}

/** How many items fail. */
export function failedCount({ items, failOn }: OnboardReport): number {
  return severities
    .filter((severity) => failsOn(severity, failOn))
    .reduce((total, severity) => total + items[severity], 0)
}
