import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compareResults } from '../report/compare/compare.ts'
import { renderComparison } from '../report/compare/print.ts'
import { readResult, type ComparedResult } from '../report/compare/read-result.ts'
import { createPaint, wantsColour } from '../report/paint.ts'
import { fileFault, unusable } from './options.ts'

/** V8 holds no longer text (2^29 − 24 characters); 50,000 revocations write some 25 MB. */
const octetsMax = 2 ** 29 - 24

/** Prints what changed from one result to the other. Sets the exit status: 1 where the second is worse. */
export async function compareFiles(
  a: string,
  b: string,
  { json, all }: { readonly json?: true; readonly all?: true },
): Promise<void> {
  const [first, second] = [await readReport(a), await readReport(b)]
  const comparison = compareResults(first, second)
  if (json === true) {
    const value = { a: headOf(a, first), b: headOf(b, second), ...comparison }
    process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
  } else {
    const paint = createPaint(wantsColour(process.stdout, process.env))
    process.stdout.write(renderComparison(comparison, { paint, isWhole: all === true }))
  }
  process.exitCode = comparison.worse.length > 0 ? 1 : 0
}

function headOf(path: string, { scenario, devices, verdict, ended }: ComparedResult) {
  return { path, scenario: scenario.name, seed: scenario.seed, devices, verdict, ended }
}

async function readReport(path: string): Promise<ComparedResult> {
  const found = await readText(path).catch((error: unknown) =>
    unusable(`cannot read the result of a run: ${fileFault(path, error)}`),
  )
  const read = readResult(found.text)
  return read.ok ? read.value : unusable(`${found.file}: ${read.error}`)
}

/** A directory stands for the report in it. */
async function readText(path: string): Promise<{ readonly file: string; readonly text: string }> {
  const isDirectory = (await stat(path)).isDirectory()
  const file = isDirectory ? join(path, 'report.json') : path
  const { size } = await stat(file)
  if (size > octetsMax) throw new Error(`${file} has ${size} octets; at most ${octetsMax} are read`)
  return { file, text: await readFile(file, 'utf8') }
}
