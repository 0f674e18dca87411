import { Command } from 'commander'
import { toBase64, type Bytes } from '#shared/bytes.ts'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { unusable, wholeNumber } from '../options.ts'
import { change, documentOf, readBounded } from './change.ts'
import { answerOf, type Client } from './client.ts'
import { confirmed, yesFlag, type ConfirmFlags } from './confirm.ts'
import type { StoreText } from './forms.ts'
import { counted } from './print.ts'
import { addLists, printHead } from './stores.ts'
import { clientOf, withTarget, type TargetFlags } from './target.ts'

interface AddFlags extends TargetFlags {
  readonly source?: string
  readonly acceptShrink?: true
  readonly json?: true
}

export function addCrlCommand(): Command {
  return withTarget(new Command('add-crl'))
    .description('add revocation lists, all of them or none')
    .argument('<name>')
    .argument('<file...>', 'revocation lists, DER or PEM')
    .option('--source <text>', 'where they came from, for the audit log (default: upload)')
    .option('--accept-shrink', 'your word that they may lose more entries than lists do')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nA newer list of the same issuer, kind and scope supersedes the one before.',
    )
    .action(async (name: string, files: readonly string[], flags: AddFlags) => {
      const client = await clientOf(flags)
      await addLists(client, name, { ...flags, files })
      await printHead(client, name, flags)
    })
}

interface ReplaceFlags extends AddFlags, ConfirmFlags {
  readonly id: readonly number[]
}

export function replaceCrlCommand(): Command {
  return withTarget(new Command('replace-crl'))
    .description('add a revocation list and take those away that it replaces, in one step')
    .argument('<name>')
    .argument('<file>', 'the new revocation list, DER or PEM')
    .option('--id <id>', 'take this list away; may be given more than once', collectNumber, [])
    .option('--source <text>', 'where it came from, for the audit log (default: upload)')
    .option('--accept-shrink', 'your word that it may lose more entries than lists do')
    .option(...yesFlag)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nWithout --id: every list of the same issuer, kind and scope, so that quotas have room again.',
    )
    .action(replaceCrl)
}

async function replaceCrl(name: string, file: string, flags: ReplaceFlags): Promise<void> {
  const client = await clientOf(flags)
  const removing = flags.id.length > 0 ? flags.id : await replacedBy(client, name, file)
  if (removing.length === 0) {
    return unusable(`${file}: ${name} has no list of its issuer, kind and scope: use add-crl`)
  }
  const what = `${file} takes the place of ${lists(removing)}`
  await confirmed(`${name}: ${what}.`, flags)
  await addLists(client, name, { ...flags, files: [file], removing })
  return printHead(client, name, flags)
}

async function replacedBy(client: Client, name: string, path: string): Promise<readonly number[]> {
  const crl = await readCrl(path)
  const { lists: held } = await documentOf(client, name)
  return held.filter((each) => isSameKind(each, crl)).map(({ id }) => id)
}

function isSameKind(held: StoreText['lists'][number], crl: Crl): boolean {
  return (
    held.issuer === toBase64(crl.issuer) &&
    held.kind === (crl.deltaBase === undefined ? 'complete' : 'delta') &&
    held.scope === (crl.scope && toBase64(crl.scope.der))
  )
}

/** Only to know whose it is: the gate is the control plane's. */
async function readCrl(path: string): Promise<Crl> {
  const der = derOf(await readBounded(path))
  const crl = der && parseCrl(der)
  return crl?.ok === true ? crl.value : unusable(`${path}: it is no revocation list, DER or PEM`)
}

/** DER begins with the octet of a SEQUENCE; undefined where it is neither that nor PEM. */
function derOf(octets: Bytes): Bytes | undefined {
  if (octets[0] === 0x30) return octets
  const blocks = decodePem(new TextDecoder().decode(octets), 'X509 CRL')
  return blocks.ok ? blocks.value[0] : undefined
}

interface RemoveFlags extends TargetFlags, ConfirmFlags {
  readonly superseded?: true
  readonly json?: true
}

export function removeCrlCommand(): Command {
  return withTarget(new Command('remove-crl'))
    .description('take revocation lists away: nobody is revoked by them any more')
    .argument('<name>')
    .argument('[id...]', 'as show tells them', collectNumber, [])
    .option('--superseded', 'those that a newer one has superseded')
    .option(...yesFlag)
    .option('--json', 'print JSON')
    .action(removeCrl)
}

async function removeCrl(
  name: string,
  ids: readonly number[],
  flags: RemoveFlags,
  command: Command,
): Promise<void> {
  if (ids.length === 0 && flags.superseded !== true) {
    command.error('remove-crl: expected the id of a list, or --superseded')
  }
  const client = await clientOf(flags)
  const { lists: held } = await documentOf(client, name)
  const old =
    flags.superseded === true ? held.filter((each) => each.supersededBy !== undefined) : []
  const removing = [...new Set([...ids, ...old.map(({ id }) => id)])]
  if (removing.length === 0) return printHead(client, name, flags)
  const inForce = held.filter(
    ({ id, supersededBy }) => removing.includes(id) && supersededBy === undefined,
  )
  await confirmed(removalText(name, removing, inForce), flags)
  answerOf(await change(client, name, { kind: 'remove_lists', ids: removing }))
  return printHead(client, name, flags)
}

function removalText(
  name: string,
  removing: readonly number[],
  inForce: StoreText['lists'],
): string {
  const entries = inForce.reduce((sum, each) => sum + each.entries, 0)
  const lost =
    inForce.length === 0
      ? 'none of them is in force'
      : `${counted(entries, 'certificate')} on them ${entries === 1 ? 'is' : 'are'} revoked by them no longer, and their issuers may be left without a list`
  return `${name}: taking away ${lists(removing)}: ${lost}.`
}

const lists = (ids: readonly number[]): string =>
  `${ids.length === 1 ? 'list' : 'lists'} ${ids.join(', ')}`

function collectNumber(text: string, all: readonly number[]): readonly number[] {
  return [...all, wholeNumber(1)(text)]
}
