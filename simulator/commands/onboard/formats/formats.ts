import type { Paint } from '#simulator/report/paint.ts'
import type { OnboardReport } from '../report.ts'
import { renderHtml } from './html.ts'
import { renderJson } from './json.ts'
import { renderJunit } from './junit.ts'
import { renderSarif } from './sarif.ts'
import { renderTable } from './table.ts'

/** How a report is written, by the name of the format. `jsonl` is written item by item instead. */
export const formats = {
  table: renderTable,
  json: renderJson,
  sarif: renderSarif,
  junit: renderJunit,
  html: renderHtml,
} as const satisfies Readonly<Record<string, (report: OnboardReport, paint: Paint) => string>>

export type FormatName = keyof typeof formats
