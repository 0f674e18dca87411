import { Command } from 'commander'
import { answerOf, endWith, type Client } from './client.ts'
import { change } from './change.ts'
import { confirmed, yesFlag, type ConfirmFlags } from './confirm.ts'
import { counted, print, printJson } from './print.ts'
import { collect } from './stores.ts'
import { readSerials, type NamedSerial, type SerialFlags } from './serials.ts'
import { clientOf, withTarget, type TargetFlags } from './target.ts'

interface RevokeFlags extends TargetFlags, SerialFlags {
  readonly reason?: string
  readonly json?: true
}

export function revokeCommand(): Command {
  return withSerials(withTarget(new Command('revoke')))
    .description('revoke certificates by word, before any list says so: everywhere within seconds')
    .option('--reason <text>', 'RFC 5280 5.3.1, or your own words (default: unspecified)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nIt asks for no word: it locks out, and restore takes it back.\n${fromHelp}`,
    )
    .action(revoke)
}

async function revoke(
  name: string,
  certificates: readonly string[],
  flags: RevokeFlags,
): Promise<void> {
  const serials = await readSerials(certificates, flags)
  const client = await clientOf(flags)
  const reason = flags.reason ?? 'unspecified'
  const order = serials.map((each) => ({ ...each, reason }))
  const epoch = await inParts(client, name, { kind: 'revoke_serials', serials: order })
  if (flags.json === true) return printJson({ epoch, revoked: serials.length })
  return print(`${name}: epoch ${epoch}, ${counted(serials.length, 'certificate')} revoked\n`)
}

interface RestoreFlags extends TargetFlags, SerialFlags, ConfirmFlags {
  readonly json?: true
}

export function restoreCommand(): Command {
  return withSerials(withTarget(new Command('restore')))
    .description('take back what revoke said; what a list says of a certificate stays')
    .option(...yesFlag)
    .option('--json', 'print JSON')
    .addHelpText('after', `\n${fromHelp}`)
    .action(restore)
}

async function restore(
  name: string,
  certificates: readonly string[],
  flags: RestoreFlags,
): Promise<void> {
  const serials = await readSerials(certificates, flags)
  const client = await clientOf(flags)
  const what = `${counted(serials.length, 'certificate')} ${serials.length === 1 ? 'is' : 'are'} let in again, unless a list revokes ${serials.length === 1 ? 'it' : 'them'}`
  await confirmed(`${name}: ${what}.`, flags)
  const epoch = await inParts(client, name, { kind: 'restore_serials', serials })
  if (flags.json === true) return printJson({ epoch, restored: serials.length })
  return print(`${name}: epoch ${epoch}, ${counted(serials.length, 'certificate')} restored\n`)
}

function withSerials(command: Command): Command {
  return command
    .argument('<name>')
    .argument('[certificate...]', 'certificates, PEM or DER: the first of each file')
    .option('--issuer <file>', "the issuer's certificate, for --serial and --from")
    .option('--serial <hex>', 'a serial; may be given more than once', collect, [])
    .option('--from <file>', 'serials, one a line (-: standard input)')
}

const fromHelp = `
A line of --from is a serial in hexadecimal, colons or none; empty lines and lines that begin with #
are passed over. Where a line is at fault nothing is sent.`

interface SerialsOrder {
  readonly kind: 'revoke_serials' | 'restore_serials'
  readonly serials: readonly NamedSerial[]
}

/** What the API takes in one request. */
const partMax = 1000

/** One change a thousand: each is in force when it is told. Ends the command at the first refusal. */
async function inParts(
  client: Client,
  name: string,
  { kind, serials }: SerialsOrder,
): Promise<number> {
  let epoch = 0
  for (let done = 0; done < serials.length; done += partMax) {
    const part = serials.slice(done, done + partMax)
    const head = await change(client, name, { kind, serials: part })
    if (!head.ok && done > 0) {
      const message = `${done} of ${serials.length} are done, and then: ${head.error.message}`
      return endWith({ ...head.error, message })
    }
    ;({ epoch } = answerOf(head))
    tellProgress(done + part.length, serials.length)
  }
  return epoch
}

/** Where it takes more than a moment. */
function tellProgress(done: number, all: number): void {
  if (all > partMax) process.stderr.write(`${done} of ${all}\n`)
}
