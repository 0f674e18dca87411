import { catalogue } from '#shared/enrollment/catalogue.ts'
import type { Finding, Severity } from '#shared/enrollment/finding.ts'
import type { CheckedItem } from '../check-item.ts'
import type { OnboardReport } from '../report.ts'

/** SARIF 2.1.0 3.27.10. */
const levels = { error: 'error', warning: 'warning', info: 'note' } as const satisfies Record<
  Severity,
  string
>

const codes = Object.keys(catalogue)

/** A report as SARIF 2.1.0 (OASIS), as code-scanning services take it. */
export function renderSarif(report: OnboardReport): string {
  const rules = Object.entries(catalogue).map(([id, { severity, source, asks }]) => ({
    id,
    shortDescription: { text: asks },
    help: { text: source },
    defaultConfiguration: { level: levels[severity] },
  }))
  const value = {
    $schema:
      'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'sallyport onboard', version: '0.1.0', rules } },
        invocations: [{ executionSuccessful: report.unreadableCount === 0 }],
        results: report.objected.flatMap(resultsOf),
        columnKind: 'utf16CodeUnits',
      },
    ],
  }
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function resultsOf({ item, keySha256, findings }: CheckedItem) {
  return findings.map((each) => ({
    ruleId: each.code,
    ruleIndex: codes.indexOf(each.code),
    level: levels[each.severity],
    message: { text: sentenceOf(each) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(item.file) },
          ...(item.line === undefined ? {} : { region: { startLine: item.line } }),
        },
        logicalLocations: [{ name: item.id, fullyQualifiedName: `${item.id}/${each.path}` }],
      },
    ],
    // The same key with the same fault at the same place is the same result of another run.
    partialFingerprints: { 'keyAndPath/v1': `${keySha256}:${each.code}:${each.path}` },
  }))
}

/** RFC 3986: a relative reference; white space and the like in file names are escaped. */
function uriOf(file: string): string {
  return file === '-' ? 'stdin' : encodeURI(file.replaceAll('\\', '/')).replaceAll('#', '%23')
}

/** A finding in one sentence. */
export function sentenceOf({ path, found, wanted, source }: Finding): string {
  return `${path}: found ${found}, wanted ${wanted} (${source})`
}
