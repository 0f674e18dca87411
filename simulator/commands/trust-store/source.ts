import { Command, InvalidArgumentError } from 'commander'
import { durationExpected, formatDuration, parseDuration } from '#shared/duration.ts'
import * as z from 'zod'
import { wholeNumber } from '../options.ts'
import { answerOf } from './client.ts'
import { confirmed, yesFlag, type ConfirmFlags } from './confirm.ts'
import { discoveredForm, sourceForm, sourcesForm, type Source } from './forms.ts'
import { counted, plain, print, printJson, table, time } from './print.ts'
import { collect } from './stores.ts'
import { clientOf, withTarget, type TargetFlags } from './target.ts'

interface SourceFlags extends TargetFlags {
  readonly json?: true
}

/** Where a store fetches its lists from by itself. */
export function sourceCommand(): Command {
  const command = new Command('source').description(
    'where a trust store fetches its revocation lists from by itself',
  )
  const commands = [addCommand(), listCommand(), fetchCommand(), discoverCommand(), removeCommand()]
  for (const each of commands) command.addCommand(each)
  return command
}

const pathOf = (name: string, rest = ''): string =>
  `trust-stores/${encodeURIComponent(name)}/sources${rest}`

interface AddFlags extends SourceFlags {
  readonly bucket?: true
  readonly every?: number
  readonly allowHost: readonly string[]
}

function addCommand(): Command {
  return withTarget(new Command('add'))
    .description('fetch a list from there, at once and then again and again')
    .argument('<name>')
    .argument('<location>', 'http or https address of a list; with --bucket: bucket/key')
    .option('--bucket', 'it is an object in a bucket of the control plane')
    .option('--every <duration>', 'a minute to a week, like 15m (default: 1h)', duration)
    .option('--allow-host <host>', 'may redirect there; may be given more than once', collect, [])
    .option('--json', 'print JSON')
    .action(add)
}

async function add(name: string, location: string, flags: AddFlags): Promise<void> {
  const client = await clientOf(flags)
  const body = {
    kind: flags.bucket === true ? 'bucket' : 'url',
    location,
    ...(flags.every !== undefined && { everyMs: flags.every }),
    ...(flags.allowHost.length > 0 && { allowedHosts: flags.allowHost }),
  }
  const question = { method: 'POST', path: pathOf(name), body, answer: sourceForm } as const
  printSource(answerOf(await client.ask(question)), flags)
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new InvalidArgumentError(`expected ${durationExpected}`)
}

function listCommand(): Command {
  return withTarget(new Command('list'))
    .description('the sources of a trust store, and what came of each')
    .argument('<name>')
    .option('--json', 'print JSON')
    .action(async (name: string, flags: SourceFlags) => {
      const client = await clientOf(flags)
      const { sources } = answerOf(await client.ask({ path: pathOf(name), answer: sourcesForm }))
      if (flags.json === true) return printJson(sources)
      if (sources.length === 0) return print(`${plain(name)}: no sources\n`)
      const header = ['ID', 'KIND', 'EVERY', 'NEXT', 'LOCATION', 'WHAT CAME OF IT']
      return print(table([header, ...sources.map(rowOf)]))
    })
}

const rowOf = (source: Source): readonly string[] => [
  String(source.id),
  source.kind,
  formatDuration(source.everyMs),
  time(source.nextAt),
  source.location,
  outcomeText(source),
]

/** The last failure counts until it is fetched again: until then nothing new can come of it. */
function outcomeText({ lastFailure, lastOutcome, failures }: Source): string {
  if (lastFailure !== undefined) {
    return `failed ${counted(failures, 'time')} in a row, ${time(lastFailure.at)}: ${lastFailure.because}`
  }
  if (lastOutcome === undefined) return 'not fetched yet'
  const { at, epoch, refusal } = lastOutcome
  if (refusal === undefined) return `taken ${time(at)}, epoch ${epoch}`
  return `refused ${time(at)}: ${refusal.code.replaceAll('_', ' ')}: ${refusal.because}`
}

function printSource(source: Source, { json }: SourceFlags): void {
  if (json === true) printJson(source)
  else print(plainLine(`source ${source.id}: ${source.location}: ${outcomeText(source)}`))
}

const plainLine = (text: string): string => `${plain(text)}\n`

function fetchCommand(): Command {
  return withTarget(new Command('fetch'))
    .description('fetch from a source now')
    .argument('<name>')
    .argument('<id>', 'as source list tells them', wholeNumber(1))
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit status: 1 where it could not be fetched, or was refused.')
    .action(async (name: string, id: number, flags: SourceFlags) => {
      const client = await clientOf(flags)
      const path = pathOf(name, `/${id}/fetch`)
      const source = answerOf(await client.ask({ method: 'POST', path, answer: sourceForm }))
      printSource(source, flags)
      const isTaken = source.lastFailure === undefined && source.lastOutcome?.kind === 'taken'
      process.exitCode = isTaken ? 0 : 1
    })
}

function discoverCommand(): Command {
  return withTarget(new Command('discover'))
    .description('take the distribution points over that its certificates and lists name')
    .argument('<name>')
    .option('--json', 'print JSON')
    .action(async (name: string, flags: SourceFlags) => {
      const client = await clientOf(flags)
      const path = pathOf(name, '/discover')
      const found = answerOf(await client.ask({ method: 'POST', path, answer: discoveredForm }))
      if (flags.json === true) return printJson(found)
      const added = found.added.map(({ id, location }) => `source ${id}: ${location}: added`)
      const passed = found.passed.map(({ location, because }) => `${location}: ${because}`)
      const lines = [...added, ...passed]
      return print(lines.length === 0 ? 'nothing is named\n' : lines.map(plainLine).join(''))
    })
}

function removeCommand(): Command {
  return withTarget(new Command('remove'))
    .description('fetch from a source no more; the lists that came from it stay')
    .argument('<name>')
    .argument('<id>', 'as source list tells them', wholeNumber(1))
    .option(...yesFlag)
    .action(async (name: string, id: number, flags: TargetFlags & ConfirmFlags) => {
      const client = await clientOf(flags)
      await confirmed(
        `${name}: source ${id} is asked no more, and its lists end when they end.`,
        flags,
      )
      const path = pathOf(name, `/${id}`)
      answerOf(await client.ask({ method: 'DELETE', path, answer: z.undefined() }))
      print(plainLine(`${name}: source ${id} removed`))
    })
}
