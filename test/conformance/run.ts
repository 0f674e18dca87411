import { parseArgs } from 'node:util'
import { divergences } from './divergences.ts'
import { headersSuite, judgeHeaders } from './headers.ts'
import { checkLedger, type Compared } from './ledger.ts'
import { parseSuite, parseSuites, type Parsed } from './parses.ts'
import { judgeSuite, pathSuites, type Judged } from './paths.ts'
import { readPeerFigures } from './peers.ts'
import { startRuntime, type Runtime } from './runtimes.ts'
import { signatureSuite, verifySuite, type Signature } from './signatures.ts'
import { suiteFile } from './suites.ts'
import { parseTable, signatureLine, suiteTable } from './table.ts'

/*
 * The core on third-party suites, through the code of `sallyport verify --batch`. Exit status 0 when
 * every verdict, of every tier and on encodings, is the suite's or explained in divergences.ts, PKITS'
 * policy sets are the expected ones, no parser threw, nothing took too long and no signature was
 * decided otherwise; 1 otherwise. `--all` names every case; `--runtime workerd` asks the same of the
 * core inside workerd, and holds its verdicts against Node's as well.
 */

const { values: flags } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    runtime: { type: 'string', default: 'node' },
  },
})

/** More than this many differences of one kind are counted, not listed: `--all` lists them. */
const listedMax = flags.all ? Number.POSITIVE_INFINITY : 25

/**
 * Milliseconds for one answer: what a decision may spend (24 signatures, 200 paths, 250,000 comparisons)
 * takes less than fifty on a machine that does nothing else; a hundred times as much leaves room for others.
 */
const answerMsMax = 5000

const failures: string[] = []

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function list(title: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  say(`\n${title}: ${lines.length}`)
  for (const line of lines.slice(0, listedMax)) say(`  ${line}`)
  if (lines.length > listedMax) say(`  … and ${lines.length - listedMax} more: --all lists them`)
}

/** Lists what should not be, and remembers that it was. */
function fail(title: string, lines: readonly string[]): void {
  list(title, lines)
  if (lines.length > 0) failures.push(`${lines.length} ${title}`)
}

/** The suite's file; says so by name where it is missing, and fails the run where nothing may be missing. */
function presentSuite(name: string): string | undefined {
  const file = suiteFile(`${name}.jsonl.gz`)
  if (file !== undefined) return file
  say(`skipped: ${name} (../shared/suites/${name}.jsonl.gz is missing)`)
  if (process.env['CI'] === 'true') failures.push(`${name} is missing under CI`)
  return undefined
}

/** Everything one runtime says. */
interface Verdicts {
  readonly paths: readonly Judged[]
  readonly parses: ReadonlyMap<string, readonly Parsed[]>
  readonly signatures: readonly Signature[]
}

async function ask(runtime: Runtime): Promise<Verdicts> {
  const paths: Judged[] = []
  for (const suite of pathSuites) {
    const file = presentSuite(suite)
    if (file !== undefined) paths.push(...(await all(judgeSuite(suite, file, runtime))))
  }
  const parses = new Map<string, readonly Parsed[]>()
  for (const suite of parseSuites) {
    const file = presentSuite(suite)
    if (file !== undefined) parses.set(suite, await all(parseSuite(suite, file, runtime)))
  }
  const file = presentSuite(signatureSuite)
  const signatures = file === undefined ? [] : await all(verifySuite(file, runtime))
  return { paths, parses, signatures }
}

async function all<Each>(source: AsyncIterable<Each>): Promise<readonly Each[]> {
  const found: Each[] = []
  for await (const each of source) found.push(each)
  return found
}

function report({ paths, parses, signatures }: Verdicts): void {
  const peersFile = suiteFile('PEERS.md')
  const figures = peersFile === undefined ? new Map() : readPeerFigures(peersFile)
  const ran = pathSuites.filter((suite) => paths.some((each) => each.suite === suite))
  say(suiteTable(ran, paths, figures))
  say(`\n${parseTable(parses)}`)
  say(`\n${signatureSuite}: ${signatureLine(signatures)}`)
}

function check({ paths, parses, signatures }: Verdicts): void {
  const compared: readonly (Judged | Parsed)[] = [...paths, ...[...parses.values()].flat()]
  const { unexplained, stale } = checkLedger(compared, divergences)
  fail('verdicts that nobody explained', unexplained.map(differenceText))
  if (isComplete(paths, parses)) fail('stale divergences', stale)
  const otherwise = paths.filter((each) => each.otherPolicies)
  fail('sets of policies that are not the expected ones', otherwise.map(differenceText))
  const threw = [...parses.values()].flat().filter((each) => each.threw)
  fail('encodings at which a parser threw', threw.map(differenceText))
  const slow = compared.filter(({ ms }) => ms > answerMsMax)
  fail(
    `answers that took over ${answerMsMax} ms`,
    slow.map(({ id, ms }) => `${id}: ${ms} ms`),
  )
  const wrong = signatures.filter(
    ({ ours, expect }) => ours !== 'unsupported' && expect !== 'acceptable' && ours !== expect,
  )
  fail(
    'signatures decided otherwise',
    wrong.map(({ id, ours }) => `${id}: ours ${ours}`),
  )
  const explained = compared.filter(({ ours, expect }) => expect !== undefined && ours !== expect)
  say(`\nexplained in divergences.ts: ${explained.length - unexplained.length}`)
}

function isComplete(paths: Verdicts['paths'], parses: Verdicts['parses']): boolean {
  return (
    pathSuites.every((suite) => paths.some((each) => each.suite === suite)) &&
    parseSuites.every((suite) => parses.has(suite))
  )
}

function differenceText(each: Compared & { readonly detail: string }): string {
  const { id, ours, expect, detail } = each
  return `${id}: ours ${ours}, theirs ${expect ?? 'any'}${detail === '' ? '' : ` (${detail})`}`
}

/** Headers are read by the edge's adapters, which are the same code in each runtime. */
async function checkHeaders(): Promise<void> {
  const file = presentSuite(headersSuite)
  if (file === undefined) return
  const judged = await all(judgeHeaders(file))
  const wrong = judged.filter(({ right }) => !right)
  say(`\n${headersSuite}: ${judged.length - wrong.length}/${judged.length}`)
  fail(
    'headers read otherwise',
    wrong.map(({ id, detail }) => `${id}: ${detail}`),
  )
}

/** Two runtimes, one core: each verdict and each reason is the same. */
function checkSame(a: Verdicts, b: Verdicts): void {
  const [ours, theirs] = [wordsOf(a), wordsOf(b)]
  const differing = [...ours].filter(([id, word]) => theirs.get(id) !== word)
  fail(
    'verdicts that are not those of Node',
    differing.map(([id, word]) => `${id}: ${word}, in Node ${theirs.get(id)}`),
  )
}

function wordsOf({ paths, parses, signatures }: Verdicts): ReadonlyMap<string, string> {
  const decided = [...paths, ...[...parses.values()].flat()]
  return new Map([
    ...decided.map(({ id, ours, detail }) => [id, `${ours} ${detail}`] as const),
    ...signatures.map(({ id, ours }) => [id, ours] as const),
  ])
}

async function askIn(name: 'node' | 'workerd'): Promise<Verdicts> {
  const runtime = await startRuntime(name)
  try {
    return await ask(runtime)
  } finally {
    await runtime.close()
  }
}

async function main(name: string): Promise<void> {
  if (name !== 'node' && name !== 'workerd') throw new Error('--runtime: node or workerd')
  const verdicts = await askIn(name)
  report(verdicts)
  check(verdicts)
  await checkHeaders()
  if (name === 'workerd') checkSame(verdicts, await askIn('node'))
}

await main(flags.runtime)
for (const failure of failures) console.error(`conformance: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
