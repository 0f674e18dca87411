import type { Finding } from '#shared/enrollment/finding.ts'
import { junitText, type JunitCase } from '#simulator/report/junit-text.ts'
import type { CheckedItem } from '../check-item.ts'
import { failsOn, type OnboardReport } from '../report.ts'
import { sentenceOf } from './sarif.ts'

/**
 * A report as JUnit XML: one case an item that was objected to, failed where it fails; items without
 * findings are one case together.
 */
export function renderJunit(report: OnboardReport): string {
  const unreadable = report.unreadable.map(({ file, line, error }): JunitCase => ({
    className: 'input',
    name: `${file}:${line}`,
    error,
  }))
  const clean = { className: report.profile, name: `${report.items.clean} without findings` }
  const cases = [...report.objected.map((each) => caseOf(each, report)), ...unreadable, clean]
  return junitText({ name: 'sallyport onboard check', cases })
}

function caseOf({ item, findings }: CheckedItem, { profile, failOn }: OnboardReport): JunitCase {
  const failing = findings.filter(({ severity }) => failsOn(severity, failOn))
  const rest = findings.filter(({ severity }) => !failsOn(severity, failOn))
  return {
    className: profile,
    name: item.id,
    file: item.file,
    ...failureOf(failing),
    ...(rest.length === 0 ? {} : { output: linesOf(rest) }),
  }
}

function failureOf(failing: readonly Finding[]): Pick<JunitCase, 'failure'> {
  const [first] = failing
  if (first === undefined) return {}
  return {
    failure: { type: first.code, message: sentenceOf(first), lines: linesOf(failing) },
  }
}

function linesOf(findings: readonly Finding[]): readonly string[] {
  return findings.map((each) => `${each.severity} ${each.code}: ${sentenceOf(each)}`)
}
