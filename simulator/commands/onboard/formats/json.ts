import { catalogue, type CheckCode } from '#shared/enrollment/catalogue.ts'
import { isoFromInstant } from '#shared/time.ts'
import type { CheckedItem } from '../check-item.ts'
import { failedCount, type OnboardReport } from '../report.ts'

/** A report as one JSON value: instants in ISO 8601, each code with what it asks. */
export function renderJson(report: OnboardReport): string {
  const { now, objected, omitted, unreadable, unreadableCount, ...rest } = report
  const value = {
    ...rest,
    now: isoFromInstant(now),
    failed: failedCount(report),
    codes: report.codes.map((row) => ({ ...row, ...describe(row.code) })),
    results: objected.map(jsonItem),
    omitted,
    unreadable,
    unreadableCount,
  }
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** One item as one line, for batches of any size. */
export function renderLine(checked: CheckedItem): string {
  return `${JSON.stringify(jsonItem(checked))}\n`
}

function jsonItem({ item: { id, file, line, kind }, device, keySha256, findings }: CheckedItem) {
  return { id, file, line, kind, device, keySha256, findings }
}

function describe(code: string): { readonly asks?: string; readonly source?: string } {
  const row = isCode(code) ? catalogue[code] : undefined
  return row === undefined ? {} : { asks: row.asks, source: row.source }
}

function isCode(code: string): code is CheckCode {
  return code in catalogue
}
