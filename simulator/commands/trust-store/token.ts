import { randomBytes } from 'node:crypto'
import { Command, Option } from 'commander'
import type { Bytes } from '#shared/bytes.ts'
import { newApiToken, scopes, type Scope } from '#edge/control/tokens.ts'
import { unusable } from '../options.ts'
import { print, printJson } from './print.ts'
import { collect } from './stores.ts'

interface TokenFlags {
  readonly scope: readonly Scope[]
  readonly store: readonly string[]
  readonly json?: true
}

export function tokenCommand(): Command {
  return new Command('token')
    .description('make a token for the API, print it once, and the entry that lets it in')
    .argument('<name>', 'whose it is, as the audit log will tell it')
    .addOption(
      new Option('--scope <scope...>', 'what it may do').choices(scopes).makeOptionMandatory(),
    )
    .option('--store <name>', 'for this store alone; may be given more than once', collect, [])
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(makeToken)
}

const help = `
read: look. revoke: add lists and revoke serials, which only ever locks out. write: everything that
may let somebody in. roll-back: an earlier epoch. admin: make and delete stores.

The token goes to standard output and is kept nowhere. The entry goes into the list of the secret
API_TOKENS of a deployment, or into tokens.json of a local control plane, which reads it at start.`

async function makeToken(name: string, flags: TokenFlags): Promise<void> {
  const stores = flags.store.length > 0 ? { stores: flags.store } : {}
  const made = await newApiToken({ name, scopes: flags.scope, ...stores }, random)
  if (!made.ok) return unusable(`token: ${made.error.replace(/^at 0\./, '')}`)
  if (flags.json === true) return printJson(made.value)
  process.stderr.write(`entry of API_TOKENS:\n${JSON.stringify(made.value.entry)}\ntoken:\n`)
  return print(`${made.value.token}\n`)
}

const random = (count: number): Bytes => new Uint8Array(randomBytes(count))
