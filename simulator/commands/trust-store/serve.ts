import { join } from 'node:path'
import { Command, Option, InvalidArgumentError } from 'commander'
import type { NodeControlVariables } from '#edge/node/control.ts'
import { messageOf, unusable } from '../options.ts'
import { localDirectory } from './target.ts'

interface ServeFlags {
  readonly local: string
  readonly listen: { readonly host: string; readonly port: number }
  readonly buckets?: string
}

/** A change is done in milliseconds; a list of sixty megabytes is compiled in seconds. */
const graceMs = 10_000

export function serveCommand(): Command {
  return new Command('serve')
    .description('serve a control plane of this machine, with everything in one directory')
    .option('--local <dir>', 'where everything lies: made where it is not there', localDirectory)
    .addOption(
      new Option('--listen <host:port>', 'a loopback address; port 0 takes any free one')
        .argParser(loopback)
        .default({ host: '127.0.0.1', port: 8600 }, '127.0.0.1:8600'),
    )
    .option('--buckets <dir>', 'bucket/key is a file below it (default: SALLYPORT_S3_ENDPOINT)')
    .addHelpText('after', help)
    .action(serve)
}

const help = `
The first start makes two tokens, in files beside the stores that only their owner can read:
admin.token, for the other commands, which find it there, and read.token, for gateways that follow it:

  SALLYPORT_TRUST_STORE=cars SALLYPORT_TRUST_STORE_URL=http://127.0.0.1:8600 \\
  SALLYPORT_TRUST_STORE_TOKEN="$(cat .sallyport/read.token)" sallyport-serve --cert … --key …

It speaks plain HTTP to this machine alone; other machines reach it through a proxy that ends TLS.

From the environment, with the meaning that they have to a deployment without their prefix:
SALLYPORT_SOURCES_OPEN_HOSTS, SALLYPORT_FINDINGS_WEBHOOK, SALLYPORT_FINDINGS_WEBHOOK_SECRET and
SALLYPORT_ANCHOR_UNUSED_AFTER;
SALLYPORT_AWS_KEYS, with which it speaks the ELBv2 API at its root, for aws elbv2 --endpoint-url, with
SALLYPORT_CONTROL_REGION and SALLYPORT_CONTROL_ACCOUNT; SALLYPORT_S3_ENDPOINT, SALLYPORT_S3_REGION,
SALLYPORT_S3_ACCESS_KEY_ID and SALLYPORT_S3_SECRET_ACCESS_KEY for buckets that are not in --buckets.

Exit status: 0 ended by SIGTERM or SIGINT; 2 the directory, its files or the port cannot be used.`

async function serve({ local, listen, buckets }: ServeFlags): Promise<void> {
  // What it takes is loaded by this command alone.
  const { controlFiles, serveControlPlane } = await import('#edge/node/control.ts')
  const control = await serveControlPlane({
    directory: local,
    ...listen,
    variables: variablesOf(process.env),
    ...(buckets !== undefined && { bucketDirectory: buckets }),
  }).catch((error: unknown) => unusable(messageOf(error)))
  if (control.isNew) {
    const [admin, read] = [controlFiles.adminToken, controlFiles.readToken]
    console.error(`made tokens: ${join(local, admin)}, and ${join(local, read)} for gateways`)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      console.error(`${signal}: ending the requests under way`)
      void control.close(graceMs)
    })
  }
  // Whoever reads this may end it in the same moment.
  console.error(`listening on ${control.url}`)
}

/** What a deployment has as variables and secrets. */
const variableNames = [
  'SOURCES_OPEN_HOSTS',
  'FINDINGS_WEBHOOK',
  'FINDINGS_WEBHOOK_SECRET',
  'ANCHOR_UNUSED_AFTER',
  'AWS_KEYS',
  'CONTROL_REGION',
  'CONTROL_ACCOUNT',
  'S3_ENDPOINT',
  'S3_REGION',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
] as const

function variablesOf(environment: NodeJS.ProcessEnv): NodeControlVariables {
  const set = variableNames.flatMap((name) => {
    const value = environment[`SALLYPORT_${name}`]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(set)
}

function loopback(text: string): ServeFlags['listen'] {
  const [, host = '', port] = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\]):(\d{1,5})$/.exec(text) ?? []
  if (port !== undefined && Number(port) <= 65_535) {
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  }
  throw new InvalidArgumentError('expected a loopback address and a port, like 127.0.0.1:8600')
}
