import { Command, Option } from 'commander'
import { toBase64 } from '#shared/bytes.ts'
import * as z from 'zod'
import { wholeNumber } from '../options.ts'
import { answerOf } from '../trust-store/client.ts'
import { plain, print, printJson, table, time } from '../trust-store/print.ts'
import { readCertificate } from '../trust-store/serials.ts'
import { collect } from '../trust-store/stores.ts'
import { clientOf, withTarget, type TargetFlags } from '../trust-store/target.ts'
import { approvals } from './claims.ts'
import { authoritiesForm, authorityForm, challengeForm } from './forms.ts'

export function authorityCommands(): readonly Command[] {
  return [
    challengeCommand(),
    registerCommand(),
    changeCommand(),
    listCommand(),
    switchCommand('disable-ca', 'disabled', 'block all that is below a CA'),
    switchCommand('enable-ca', 'enabled', 'take devices below a CA again'),
    removeCommand(),
  ]
}

function challengeCommand(): Command {
  return withTarget(new Command('challenge'))
    .description("a nonce: the common name of the certificate that proves a CA's key")
    .addHelpText('after', proof)
    .action(async (flags: TargetFlags) => {
      const client = await clientOf(flags)
      const question = { method: 'POST', path: 'registry/challenges' } as const
      const { nonce, until } = answerOf(await client.ask({ ...question, answer: challengeForm }))
      process.stderr.write(`good until ${time(until)}, once\n`)
      print(`${nonce}\n`)
    })
}

const proof = `
The owner of the CA makes a certificate of it, directly below the CA:

  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout proof.key \\
    -subj "/CN=$(sallyport registry challenge)" -out proof.csr
  openssl x509 -req -in proof.csr -CA ca.pem -CAkey ca.key -days 1 -out proof.pem
  sallyport registry register-ca ca.pem --proof proof.pem`

interface RegisterFlags extends TargetFlags {
  readonly proof: string
  readonly approval: string
  readonly firstConnection: string
  readonly firstConnectionsMax?: number
  readonly class: readonly string[]
  readonly json?: true
}

function registerCommand(): Command {
  return withTarget(new Command('register-ca'))
    .description("register a factory's CA below which devices enrol")
    .argument('<certificate>', 'PEM or DER')
    .requiredOption('--proof <file>', 'a certificate below it, named after a nonce of ours')
    .addOption(
      new Option('--approval <word>', 'who approves new devices')
        .choices(approvals)
        .default('automatic'),
    )
    .addOption(firstConnectionOption().default('refuse'))
    .addOption(firstConnectionsMaxOption())
    .option('--class <class>', 'of devices that it makes; more than once', collect, [])
    .option('--json', 'print JSON')
    .addHelpText('after', proof)
    .action(register)
}

async function register(path: string, flags: RegisterFlags): Promise<void> {
  const client = await clientOf(flags)
  const body = {
    certificate: toBase64((await readCertificate(path)).der),
    verification: toBase64((await readCertificate(flags.proof)).der),
    approval: flags.approval,
    firstConnection: flags.firstConnection,
    ...(flags.firstConnectionsMax !== undefined && {
      firstConnectionsMax: flags.firstConnectionsMax,
    }),
    classes: flags.class,
  }
  const question = { method: 'POST', path: 'registry/authorities', body } as const
  const made = answerOf(await client.ask({ ...question, answer: authorityForm }))
  return flags.json === true ? printJson(made) : print(`${made.keySha256}  ${plain(made.name)}\n`)
}

function listCommand(): Command {
  return withTarget(new Command('cas'))
    .description('the CAs below which devices enrol')
    .option('--json', 'print JSON')
    .action(async (flags: TargetFlags & { readonly json?: true }) => {
      const client = await clientOf(flags)
      const path = 'registry/authorities'
      const { authorities } = answerOf(await client.ask({ path, answer: authoritiesForm }))
      if (flags.json === true) return printJson(authorities)
      if (authorities.length === 0) return print('no CA is registered\n')
      const rows = authorities.map((each) => [
        each.keySha256,
        each.status,
        each.approval,
        ruleText(each),
        each.name,
      ])
      return print(table([['KEY', 'STATUS', 'APPROVAL', 'FIRST CONNECTION', 'NAME'], ...rows]))
    })
}

interface ChangeFlags extends TargetFlags {
  readonly approval?: string
  readonly firstConnection?: string
  readonly firstConnectionsMax?: number
  readonly class: readonly string[]
}

function changeCommand(): Command {
  return withTarget(new Command('change-ca'))
    .description('change the rule of a CA; what is not named stays')
    .argument('<key>', "SHA-256 of the CA's key, as cas prints it")
    .addOption(new Option('--approval <word>', 'who approves new devices').choices(approvals))
    .addOption(firstConnectionOption())
    .addOption(firstConnectionsMaxOption())
    .option('--class <class>', 'of devices that it makes from now on', collect, [])
    .action(async (key: string, { class: classes, ...flags }: ChangeFlags) => {
      const { approval, firstConnection, firstConnectionsMax } = flags
      const client = await clientOf(flags)
      const body = {
        ...(approval !== undefined && { approval }),
        ...(firstConnection !== undefined && { firstConnection }),
        ...(firstConnectionsMax !== undefined && { firstConnectionsMax }),
        ...(classes.length > 0 && { classes }),
      }
      const question = { method: 'PATCH', path: ofKey(key), body } as const
      const changed = answerOf(await client.ask({ ...question, answer: authorityForm }))
      print(`${plain(changed.name)}: ${ruleText(changed)}\n`)
    })
}

const firstConnectionOption = (): Option =>
  new Option('--first-connection <word>', 'what becomes of one that connects unregistered').choices(
    ['refuse', 'pending', 'active'],
  )

const firstConnectionsMaxOption = (): Option =>
  new Option('--first-connections-max <count>', 'how many devices that makes at most').argParser(
    wholeNumber(0),
  )

const ofKey = (key: string): string => `registry/authorities/${encodeURIComponent(key)}`

/** What its first connections become, and how many did of how many that may. */
function ruleText(ca: z.infer<typeof authorityForm>): string {
  return `${ca.firstConnection}, ${ca.firstConnections} of ${ca.firstConnectionsMax ?? 'any'}`
}

function switchCommand(name: string, status: string, description: string): Command {
  return withTarget(new Command(name))
    .description(description)
    .argument('<key>', "SHA-256 of the CA's key, as cas prints it")
    .action(async (key: string, flags: TargetFlags) => {
      const client = await clientOf(flags)
      const question = { method: 'PATCH', path: ofKey(key), body: { status } } as const
      const changed = answerOf(await client.ask({ ...question, answer: authorityForm }))
      print(`${plain(changed.name)}: ${changed.status}\n`)
    })
}

function removeCommand(): Command {
  return withTarget(new Command('remove-ca'))
    .description('forget a CA: the rule of the next one above it holds')
    .argument('<key>', "SHA-256 of the CA's key, as cas prints it")
    .action(async (key: string, flags: TargetFlags) => {
      const client = await clientOf(flags)
      const question = { method: 'DELETE', path: ofKey(key) } as const
      answerOf(await client.ask({ ...question, answer: z.undefined() }))
      print(`${plain(key)}: removed\n`)
    })
}
