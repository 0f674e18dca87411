import { divergences } from './divergences.ts'
import { checkLedger } from './ledger.ts'
import { parseSuite, parseSuites, type Parsed } from './parses.ts'
import { judgeSuite, pathSuites, type Judged } from './paths.ts'
import { readPeerFigures } from './peers.ts'
import { signatureSuite, verifySuite, type Signature } from './signatures.ts'
import { suiteFile } from './suites.ts'
import { layOut, suiteTable } from './table.ts'

/*
 * The core on third-party suites, through the code of `sallyport verify --batch`. Exit status 0 when
 * every core case is right or explained in divergences.ts, no parser threw, nothing that four other
 * parsers refuse was read, and no signature was wrongly taken; 1 otherwise. `--all` names every case.
 */

/** More than this many differences of one kind are counted, not listed: `--all` lists them. */
const listedMax = process.argv.includes('--all') ? Number.POSITIVE_INFINITY : 25

const failures: string[] = []

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** The suite's file; says so by name where it is missing, and fails the run where nothing may be missing. */
function presentSuite(name: string): string | undefined {
  const file = suiteFile(`${name}.jsonl.gz`)
  if (file !== undefined) return file
  say(`skipped: ${name} (../shared/suites/${name}.jsonl.gz is missing)`)
  if (process.env['CI'] === 'true') failures.push(`${name} is missing under CI`)
  return undefined
}

function list(title: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  say(`\n${title}: ${lines.length}`)
  for (const line of lines.slice(0, listedMax)) say(`  ${line}`)
  if (lines.length > listedMax) say(`  … and ${lines.length - listedMax} more: --all lists them`)
}

async function runPaths(): Promise<void> {
  const judged: Judged[] = []
  for (const suite of pathSuites) {
    const file = presentSuite(suite)
    if (file !== undefined) for await (const each of judgeSuite(suite, file)) judged.push(each)
  }
  const peersFile = suiteFile('PEERS.md')
  const ran = pathSuites.filter((suite) => judged.some((each) => each.suite === suite))
  say(suiteTable(ran, judged, peersFile === undefined ? new Map() : readPeerFigures(peersFile)))
  const { unexplained, stale } = checkLedger(judged, divergences)
  list('core cases decided otherwise, unexplained', unexplained.map(differenceText))
  list('stale divergences', ran.length === pathSuites.length ? stale : [])
  if (unexplained.length > 0) failures.push(`${unexplained.length} unexplained in the core tier`)
  if (ran.length === pathSuites.length && stale.length > 0) failures.push('stale divergences')
}

function differenceText({ id, ours, expect, detail }: Judged | Parsed): string {
  return `${id}: ours ${ours}, theirs ${expect ?? 'split'}${detail === '' ? '' : ` (${detail})`}`
}

async function runParses(): Promise<void> {
  const rows: string[][] = [['parses', 'right', 'not agreed on: read', 'threw', 'slowest']]
  for (const suite of parseSuites) {
    const file = presentSuite(suite)
    if (file === undefined) continue
    const parsed: Parsed[] = []
    for await (const each of parseSuite(suite, file)) parsed.push(each)
    rows.push(parseRow(suite, parsed))
    noteParses(suite, parsed)
  }
  say(`\n${layOut(rows)}`)
}

function parseRow(suite: string, parsed: readonly Parsed[]): string[] {
  const agreed = parsed.filter(({ expect }) => expect !== undefined)
  const right = agreed.filter(({ ours, expect }) => ours === expect).length
  const split = parsed.filter(({ expect }) => expect === undefined)
  return [
    suite,
    `${right}/${agreed.length}`,
    `${split.filter(({ ours }) => ours === 'accept').length}/${split.length}`,
    String(parsed.filter(({ threw }) => threw).length),
    `${Math.max(0, ...parsed.map(({ ms }) => ms)).toFixed(1)} ms`,
  ]
}

/** What fails: a throw, and bytes of a fuzz corpus that every other parser refuses. */
function noteParses(suite: string, parsed: readonly Parsed[]): void {
  const differs = parsed.filter(({ ours, expect }) => expect !== undefined && ours !== expect)
  list(`${suite}: read or refused otherwise`, differs.map(differenceText))
  const read = differs.filter(({ ours }) => suite.startsWith('fuzz-') && ours === 'accept')
  if (read.length > 0) failures.push(`${suite}: ${read.length} read that all others refuse`)
  if (parsed.some(({ threw }) => threw)) failures.push(`${suite}: a parser threw`)
}

async function runSignatures(): Promise<void> {
  const file = presentSuite(signatureSuite)
  if (file === undefined) return
  const all: Signature[] = []
  for await (const each of verifySuite(file)) all.push(each)
  const supported = all.filter(({ ours }) => ours !== 'unsupported')
  const wrong = supported.filter(({ ours, expect }) => expect !== 'acceptable' && ours !== expect)
  const taken = wrong.filter(({ ours }) => ours === 'valid')
  const figures = `${supported.length - wrong.length}/${supported.length} (FA ${taken.length} FR ${wrong.length - taken.length})`
  say(
    `\n${signatureSuite}: ${figures}; ${all.length - supported.length} of keys or algorithms not taken`,
  )
  list(
    'signatures decided otherwise',
    wrong.map(({ id, ours }) => `${id}: ours ${ours}`),
  )
  if (wrong.length > 0) failures.push(`${signatureSuite}: ${wrong.length} wrong`)
}

await runPaths()
await runParses()
await runSignatures()
for (const failure of failures) console.error(`conformance: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
