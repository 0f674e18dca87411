import type { Finding } from '#shared/enrollment/finding.ts'
import type { CheckedItem } from '../check-item.ts'
import { failedCount, failsOn, type OnboardReport } from '../report.ts'
import { sentenceOf } from './sarif.ts'

/**
 * A report as JUnit XML: one case an item that was objected to, failed where it fails; items without
 * findings are one case together.
 */
export function renderJunit(report: OnboardReport): string {
  const cases = report.objected.map((checked) => caseOf(checked, report))
  const clean = `  <testcase classname="${attribute(report.profile)}" name="${report.items.clean} without findings"/>`
  const head = `tests="${cases.length + 1}" failures="${Math.min(cases.length, failedCount(report))}" errors="${report.unreadableCount}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${head}>`,
    `<testsuite name="sallyport onboard check" ${head}>`,
    ...cases,
    ...report.unreadable.map(
      ({ file, line, error }) =>
        `  <testcase classname="input" name="${attribute(`${file}:${line}`)}"><error message="${attribute(error)}"/></testcase>`,
    ),
    clean,
    '</testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function caseOf({ item, findings }: CheckedItem, { profile, failOn }: OnboardReport): string {
  const failing = findings.filter(({ severity }) => failsOn(severity, failOn))
  const rest = findings.filter(({ severity }) => !failsOn(severity, failOn))
  const [first] = failing
  const failure =
    first === undefined
      ? ''
      : `<failure type="${attribute(first.code)}" message="${attribute(sentenceOf(first))}">${text(linesOf(failing))}</failure>`
  const others = rest.length === 0 ? '' : `<system-out>${text(linesOf(rest))}</system-out>`
  return `  <testcase classname="${attribute(profile)}" name="${attribute(item.id)}" file="${attribute(item.file)}">${failure}${others}</testcase>`
}

function linesOf(findings: readonly Finding[]): string {
  return findings.map((each) => `${each.severity} ${each.code}: ${sentenceOf(each)}`).join('\n')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** XML 1.0 2.2: most control characters cannot be written at all, not even by number. */
function text(value: string): string {
  const possible = value.replaceAll(
    /[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu,
    '\uFFFD',
  )
  return possible.replaceAll(/[&<>"]/g, (character) => entities[character] ?? '')
}

/** The same inside of quotes, where line ends would become spaces. */
function attribute(value: string): string {
  return text(value).replaceAll(/[\t\n]/g, ' ')
}
