import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import {
  platformNames,
  platforms,
  platformVariables,
  type PlatformName,
  type PlatformRow,
  type PlatformSettings,
} from '#edge/platforms/by-name.ts'
import type { Platform, PlatformRequest } from '#edge/platforms/platform.ts'
import { inspectBatch } from './inspect-batch.ts'
import { headersSchema, toHeaders } from './inspect-headers.ts'
import { inspectionText, inspectRequest } from './inspect-platform.ts'
import { parseJson } from './json-text.ts'
import { fileFault, messageOf, unusable } from './options.ts'

interface InspectFlags {
  readonly platform?: PlatformName
  readonly headers?: string
  readonly facts?: string
  readonly set: readonly string[]
  readonly json?: true
  readonly batch?: string
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description(
      'show what the edge reads of a request that came through your TLS terminator, and verify nothing',
    )
    .addOption(new Option('--platform <name>', 'who ends the TLS').choices(platformNames))
    .option(
      '--headers <file>',
      'JSON: {"name": "value"}, or a list of values for a repeated header',
    )
    .option(
      '--facts <file>',
      'JSON of what lies beside the headers: request.cf (cloudflare), requestContext of the event (api-gateway)',
    )
    .option('--set <name=value>', "a platform's variable; may be given more than once", collect, [])
    .option('--json', 'print JSON')
    .addOption(
      new Option(
        '--batch <file>',
        'read a file of cases instead, one JSON object a line (-: standard input)',
      ).conflicts(['platform', 'headers', 'facts', 'json']),
    )
    .addHelpText('after', more)
    .action(runInspect)
}

const more = `
Variables: ${platformVariables.join(', ')}; they mean what they mean to the edge.

Exit status: 0 a certificate was read, 1 none was or it cannot be read, 2 the input cannot be used.

With --batch each line is {"id", "format", "headers", "headerNames"}; formats are rfc9440, aws-alb,
aws-alb-verify, xfcc, traefik, nginx-escaped and base64-der. Each gives a line in the same order:
{"id", "status": "certs" | "fields" | "elements" | "absent" | "error", "leafSha256", "chainSha256",
...}; or {"line", "error"} for what is no case. Exit status then: 0 every line was a case, 2 some
line was none.`

async function runInspect(flags: InspectFlags): Promise<void> {
  if (flags.batch !== undefined) return inspectBatchFile(flags.batch)
  const { platform: name } = flags
  if (name === undefined) return unusable('inspect: expected --platform <name>, or --batch <file>')
  const row: PlatformRow = platforms[name]
  const { request, headerNames } = await readRequest(row, flags)
  const platform = createPlatform(row, settingsOf(flags.set))
  const inspection = await inspectRequest(platform, request, headerNames).catch((error: unknown) =>
    unusable(messageOf(error)),
  )
  const json = `${JSON.stringify(inspection, undefined, 2)}\n`
  process.stdout.write(flags.json === true ? json : inspectionText(inspection))
  process.exitCode = inspection.isReadable ? 0 : 1
}

async function inspectBatchFile(file: string): Promise<void> {
  const isUsable = await inspectBatch(file, process.stdout).catch((error: unknown) =>
    unusable(fileFault(file, error)),
  )
  process.exitCode = isUsable ? 0 : 2
}

/** What the platform reads has to be there: an empty file says that nothing was presented. */
async function readRequest(
  row: PlatformRow,
  { headers, facts }: InspectFlags,
): Promise<{ readonly request: PlatformRequest; readonly headerNames: readonly string[] }> {
  if (row.facts === 'headers' && headers === undefined) {
    return unusable('inspect: this platform speaks in headers: expected --headers <file>')
  }
  if (row.facts !== 'headers' && facts === undefined) {
    return unusable('inspect: this platform speaks beside the headers: expected --facts <file>')
  }
  const lines = headersSchema.safeParse(headers === undefined ? {} : await readJson(headers))
  if (!lines.success) return unusable(`${headers ?? ''}: expected {"name": "value" or ["value"]}`)
  const read = toHeaders(lines.data)
  const beside = facts === undefined ? {} : { [row.facts]: await readJson(facts) }
  return { request: { headers: read, ...beside }, headerNames: read.names }
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: unknown) =>
    unusable(fileFault(file, error)),
  )
  try {
    return parseJson(text)
  } catch (error) {
    return unusable(`${file}: ${messageOf(error)}`)
  }
}

function settingsOf(assignments: readonly string[]): PlatformSettings {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const [name = '', ...value] = assignment.split('=')
      const variable = platformVariables.find((each) => each === name)
      if (variable !== undefined && value.length > 0) return [variable, value.join('=')]
      return unusable(
        `--set ${assignment}: expected one of ${platformVariables.join(', ')}, = and a value`,
      )
    }),
  )
}

function createPlatform(row: PlatformRow, settings: PlatformSettings): Platform {
  return row.create(settings, (variable, expected) =>
    unusable(`--set ${variable}: expected ${expected}`),
  )
}

function collect(text: string, all: readonly string[]): readonly string[] {
  return [...all, text]
}
