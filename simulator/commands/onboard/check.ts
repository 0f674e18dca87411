import { writeFile } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { Command, Option } from 'commander'
import { createPaint, wantsColour } from '#simulator/report/paint.ts'
import { messageOf, unusable } from '../options.ts'
import { instantOf } from './instant-of.ts'
import { createItemChecker } from './check-item.ts'
import { chooseProfile, profileExpected } from './choose-profile.ts'
import { readDenyList } from './deny-list.ts'
import { formats, type FormatName } from './formats/formats.ts'
import { renderLine } from './formats/json.ts'
import { createBatchProgress } from './progress.ts'
import { readItems } from './read-items.ts'
import {
  createReportBuilder,
  failedCount,
  failsOn,
  type FailOn,
  type OnboardReport,
} from './report.ts'

interface CheckFlags {
  readonly profile: string
  readonly format: FormatName | 'jsonl'
  readonly output?: string
  readonly denyList?: string
  readonly failOn: FailOn
  readonly now?: string
  readonly jsonl?: true
}

export function checkCommand(): Command {
  return new Command('check')
    .description('check requests, certificates and chains of devices before they ship')
    .argument('<file...>', 'PEM, DER or PKCS #7 files, directories, JSONL (- is standard input)')
    .option('--profile <name>', profileExpected, 'device')
    .addOption(
      new Option('--format <name>', 'how the findings are written')
        .choices([...Object.keys(formats), 'jsonl'])
        .default('table'),
    )
    .option('--output <file>', 'write them there instead of standard output')
    .option('--deny-list <file>', 'SHA-256 of SubjectPublicKeyInfos that are refused, one a line')
    .addOption(
      new Option('--fail-on <severity>', 'the gravity from which an item fails')
        .choices(['error', 'warning', 'info'])
        .default('error'),
    )
    .option('--now <instant>', 'check as of this instant, like 2027-01-31T12:00:00Z (default: now)')
    .option('--jsonl', 'the files are JSONL, whatever they are called')
    .addHelpText('after', more)
    .action(runCheck)
}

const more = `
A file is PEM, DER, PKCS #7, or DER in bare base64 as EST has it. A line of JSONL is {"id", "csr" |
"certificate" | "chain"}: base64 of DER, or PEM; a chain is a list, the device's certificate first;
without "id" it is told by its line. Lines are read one at a time, so a file may hold millions; with
--format jsonl each gives its own line at once. Keys and serials are compared across all that one
call reads, at some 50 octets each.

sallyport onboard checks lists every code. A profile of your own, in YAML:

  version: 1
  name: acme-meter
  extends: device            # what this file leaves out
  identity: { from: [serialNumber], prefix: "ACME-", alphabet: registration }
  keys: { kinds: [P-256] }
  validity: { lifetime_max: 825d }
  severities: { cert.revocation: off, csr.challenge: error }

Exit status: 0 nothing fails, 1 something does, 2 the input cannot be used.`

async function runCheck(files: readonly string[], flags: CheckFlags): Promise<void> {
  const settings = await settingsOf(flags)
  const report = await checkFiles(files, flags, settings).catch((error: unknown) =>
    unusable(messageOf(error)),
  )
  if (flags.format !== 'jsonl') await writeReport(report, flags.format, flags.output)
  const isNothing = report.checked === 0
  if (isNothing) console.error('sallyport: there was nothing to check')
  for (const { file, line, error } of flags.format === 'table' ? [] : report.unreadable) {
    console.error(`sallyport: ${file}:${line}: ${error}`)
  }
  const isUnusable = isNothing || report.unreadableCount > 0
  process.exitCode = isUnusable ? 2 : failedCount(report) > 0 ? 1 : 0
}

type Settings = Parameters<typeof createItemChecker>[0]

async function settingsOf({ profile: name, denyList, now }: CheckFlags): Promise<Settings> {
  const profile = await chooseProfile(name)
  const isDenied =
    denyList === undefined
      ? undefined
      : await readDenyList(denyList).catch((error: unknown) => unusable(messageOf(error)))
  return { profile, now: instantOf(now), isDenied }
}

async function checkFiles(
  files: readonly string[],
  { format, failOn, jsonl, output }: CheckFlags,
  settings: Settings,
): Promise<OnboardReport> {
  const checkItem = createItemChecker(settings)
  const { profile, now } = settings
  const report = createReportBuilder({ profile: profile.name, now, failOn })
  const progress = createBatchProgress(process.stderr, () => performance.now())
  const lines = format === 'jsonl' ? await lineWriter(output) : undefined
  let [checked, failed] = [0, 0]
  for (const file of files) {
    for await (const item of readItems(file, jsonl === true ? 'lines' : 'by-name')) {
      if ('error' in item) {
        report.addUnreadable(item)
        continue
      }
      const result = await checkItem(item)
      report.add(result)
      await lines?.write(renderLine(result))
      checked += 1
      if (result.findings.some(({ severity }) => failsOn(severity, failOn))) failed += 1
      progress.show(checked, failed)
    }
  }
  progress.clear()
  await lines?.end()
  return report.build()
}

interface LineWriter {
  write(line: string): Promise<void>
  end(): Promise<void>
}

/** Waits for whoever reads the lines: memory holds some of them at a time. */
async function lineWriter(output: string | undefined): Promise<LineWriter> {
  const { createWriteStream } = await import('node:fs')
  const stream: Writable = output === undefined ? process.stdout : createWriteStream(output)
  return {
    async write(line) {
      if (!stream.write(line)) await new Promise<void>((resume) => stream.once('drain', resume))
    },
    async end() {
      if (output === undefined) return
      stream.end()
      await finished(stream)
    },
  }
}

async function writeReport(
  report: OnboardReport,
  format: FormatName,
  output: string | undefined,
): Promise<void> {
  const isColoured = output === undefined && wantsColour(process.stdout, process.env)
  const text = formats[format](report, createPaint(isColoured))
  if (output === undefined) process.stdout.write(text)
  else await writeFile(output, text).catch((error: unknown) => unusable(messageOf(error)))
}
