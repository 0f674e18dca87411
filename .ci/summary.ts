import { readFileSync } from 'node:fs'

/** The part of vitest's JSON report that is read here. */
interface Results {
  readonly numTotalTests: number
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

/** Here everything is installed, so a skipped test hides something. */
function problemsOf(results: Results): readonly string[] {
  const skipped = results.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed'),
  )
  const unloaded = results.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  return [
    ...(results.numTotalTests === 0 ? ['no test ran'] : []),
    ...skipped.map(({ fullName }) => `skipped: ${fullName}`),
    ...unloaded.map(({ name }) => `could not be loaded: ${name}`),
  ]
}

function readResults(path: string): Results | undefined {
  const text = readFileSync(path, 'utf8')
  // Empty where formatting, lint or types failed before the first test.
  return text === '' ? undefined : (JSON.parse(text) as Results)
}

const [, , path = '', testStatus = '1'] = process.argv
const results = readResults(path)
const problems = results === undefined ? ['the tests did not begin'] : problemsOf(results)
for (const problem of problems) console.error(problem)
console.log(`${results?.numPassedTests ?? 0} passed, ${results?.numFailedTests ?? 0} failed`)
process.exitCode = testStatus !== '0' ? Number(testStatus) : problems.length > 0 ? 1 : 0
