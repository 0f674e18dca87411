import type { Severity } from './finding.ts'

/** What is the same of every finding of one code. */
export interface CheckRow {
  readonly severity: Severity
  /** The document that asks for it, with its section. */
  readonly source: string
  /** What is checked, for people who read the table. */
  readonly asks: string
}
