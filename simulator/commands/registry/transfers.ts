import { createReadStream, createWriteStream } from 'node:fs'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { linesOf } from '../batch-lines.ts'
import { fileFault, messageOf, unusable, wholeNumber } from '../options.ts'
import { answerOf, jsonOf, type Client } from '../trust-store/client.ts'
import { plain, print, printJson, printJsonLine, table, time } from '../trust-store/print.ts'
import { clientOf, withTarget, type TargetFlags } from '../trust-store/target.ts'
import { auditForm, exportForm, outcomesForm, publishedForm } from './forms.ts'
import { printPublished } from './published.ts'

export function transferCommands(): readonly Command[] {
  return [importCommand(), exportCommand(), auditCommand()]
}

/** What the API takes and gives at once. */
const partMax = 1000

/** Of one line: a device with sixteen certificates has 9 kB. */
const lineMax = 64 * 1024

/** As many as help; the rest are counted. */
const faultsShown = 20

function importCommand(): Command {
  return withTarget(new Command('import'))
    .description('bring devices from elsewhere, one JSON object a line')
    .argument('<file>', 'JSONL; -: standard input')
    .addHelpText('after', lineHelp)
    .action(importFile)
}

const lineHelp = `
A line: {"name": "car-1", "status": "active", "classes": ["model:x"], "factoryLeaf": "<sha256>",
"certificates": [{"issuerKeyId", "issuer", "serial", "keySha256", "notBefore", "notAfter",
"revokedAt"?}]}. Of it the name alone is needed. Times are milliseconds since 1970; issuer is the DER
of its Name, base64. Devices that are known stay as they are, so an import that broke off is begun
again. Each line that is not taken is told, and the exit status is 1.`

interface Tally {
  readonly counts: Map<string, number>
  faults: number
}

async function importFile(file: string, flags: TargetFlags): Promise<void> {
  const client = await clientOf(flags)
  const tally: Tally = { counts: new Map(), faults: 0 }
  let part: Entry[] = []
  let read = 0
  for await (const entry of entriesOf(file, tally)) {
    part.push(entry)
    if (part.length < partMax) continue
    read += part.length
    await send(client, part, tally)
    process.stderr.write(`${read} devices\n`)
    part = []
  }
  if (part.length > 0) await send(client, part, tally)
  const question = { method: 'POST', path: 'registry/publish' } as const
  const { published } = answerOf(await client.ask({ ...question, answer: publishedForm }))
  const counts = [...tally.counts].map(([word, count]) => `${count} ${word.replaceAll('_', ' ')}`)
  print(`${counts.join(', ') || 'no device'}\n`)
  printPublished(published)
  if (tally.faults > 0) process.exitCode = 1
}

interface Entry {
  readonly number: number
  readonly device: unknown
}

async function* entriesOf(file: string, tally: Tally): AsyncGenerator<Entry> {
  const source = file === '-' ? process.stdin : createReadStream(file)
  try {
    for await (const { number, text } of linesOf(source, lineMax)) {
      if (text?.trim() === '') continue
      const device = text === undefined ? undefined : jsonOf(text)
      if (device === undefined) tellFault(tally, number, 'expected one JSON object a line')
      else yield { number, device }
    }
  } catch (error) {
    return unusable(fileFault(file, error))
  }
}

async function send(client: Client, part: readonly Entry[], tally: Tally): Promise<void> {
  const body = { devices: part.map(({ device }) => device) }
  const question = { method: 'POST', path: 'registry/import', body } as const
  const answer = await client.ask({ ...question, answer: outcomesForm })
  if (!answer.ok && answer.error.code === 'request_malformed' && part.length > 1) {
    // One line spoils a part: it is found by halves, and the others are taken.
    const middle = Math.ceil(part.length / 2)
    await send(client, part.slice(0, middle), tally)
    return send(client, part.slice(middle), tally)
  }
  const [first] = part
  if (!answer.ok && answer.error.code === 'request_malformed' && first !== undefined) {
    return tellFault(tally, first.number, answer.error.message)
  }
  for (const [index, outcome] of answerOf(answer).outcomes.entries()) {
    tally.counts.set(outcome, (tally.counts.get(outcome) ?? 0) + 1)
    if (outcome === 'added' || outcome === 'known') continue
    tellFault(tally, part[index]?.number ?? 0, outcome.replaceAll('_', ' '))
  }
  return undefined
}

function tellFault(tally: Tally, line: number, because: string): void {
  tally.faults += 1
  if (tally.faults <= faultsShown) console.error(`line ${line}: ${plain(because)}`)
  if (tally.faults === faultsShown + 1) console.error('more lines are not taken')
}

function exportCommand(): Command {
  return withTarget(new Command('export'))
    .description('every device with its certificates, one JSON object a line, by name')
    .argument('[file]', 'standard output unless given')
    .action(async (file: string | undefined, flags: TargetFlags) => {
      const client = await clientOf(flags)
      const output = file === undefined ? process.stdout : createWriteStream(file)
      await writeLines(devicesOf(client), output).catch((error: unknown) =>
        unusable(`${file ?? 'standard output'}: ${messageOf(error)}`),
      )
    })
}

async function* devicesOf(client: Client): AsyncGenerator<string> {
  let after = ''
  for (;;) {
    const query = new URLSearchParams({ after, limit: String(partMax) })
    const path = `registry/export?${query.toString()}`
    const { devices } = answerOf(await client.ask({ path, answer: exportForm }))
    for (const device of devices) yield `${JSON.stringify(device)}\n`
    const last = devices.at(-1)
    if (last === undefined) return
    after = last.name
  }
}

/** Memory holds one page; whoever reads slowly is waited for. */
async function writeLines(lines: AsyncIterable<string>, output: Writable): Promise<void> {
  await pipeline(Readable.from(lines), output, { end: output !== process.stdout })
}

function auditCommand(): Command {
  return withTarget(new Command('audit'))
    .description('what was asked of claims, classes and CAs, and by whom: latest first')
    .option('--limit <count>', 'at most 1000', wholeNumber(1), 50)
    .option('--json', 'print JSON')
    .option('--lines', 'print one JSON object a line')
    .action(
      async (
        flags: TargetFlags & { limit: number; readonly json?: true; readonly lines?: true },
      ) => {
        const client = await clientOf(flags)
        const path = `registry/audit?limit=${flags.limit}`
        const { entries } = answerOf(await client.ask({ path, answer: auditForm }))
        if (flags.json === true) return printJson(entries)
        if (flags.lines === true) return entries.forEach(printJsonLine)
        const rows = entries.map((each) => [time(each.at), each.by, each.what])
        return print(table([['AT', 'BY', 'WHAT'], ...rows]))
      },
    )
}
