import { Command } from 'commander'
import { ok, type Result } from '#shared/result.ts'
import * as z from 'zod'
import { wholeNumber } from '../options.ts'
import {
  change,
  documentOf,
  named,
  storeFile,
  type ChangeOrder,
  type StoredFile,
} from './change.ts'
import { answerOf, endWith, type Client, type Failure } from './client.ts'
import { confirmed, yesFlag, type ConfirmFlags } from './confirm.ts'
import { storeForm, storesForm, type Store, type StoreText } from './forms.ts'
import { counted, issuerText, plain, print, printJson, table, time } from './print.ts'
import { clientOf, withTarget, type TargetFlags } from './target.ts'

interface JsonFlags {
  readonly json?: true
}

export function listCommand(): Command {
  return withTarget(new Command('list'))
    .description('the trust stores that the token is for')
    .option('--json', 'print JSON')
    .action(async (flags: TargetFlags & JsonFlags) => {
      const client = await clientOf(flags)
      const { trustStores } = answerOf(
        await client.ask({ path: 'trust-stores', answer: storesForm }),
      )
      if (flags.json === true) return printJson(trustStores)
      if (trustStores.length === 0) return print('there is no trust store\n')
      return print(table([['NAME', 'STATUS', 'EPOCH', 'SINCE', 'ID'], ...trustStores.map(rowOf)]))
    })
}

const rowOf = ({ name, status, head, id }: Store): readonly string[] => [
  name,
  status,
  String(head?.epoch ?? '-'),
  time(head?.at),
  id,
]

interface CreateFlags extends TargetFlags, JsonFlags {
  readonly bundle: string
  readonly intermediates?: string
  readonly crl: readonly string[]
}

export function createCommand(): Command {
  return withTarget(new Command('create'))
    .description('make a trust store of a CA bundle')
    .argument('<name>', '1 to 32 letters, digits and hyphens')
    .requiredOption('--bundle <file>', 'PEM file of the trust anchors')
    .option('--intermediates <file>', 'PEM file of CA certificates that devices do not send')
    .option(
      '--crl <file>',
      'a revocation list, DER or PEM; may be given more than once',
      collect,
      [],
    )
    .option('--json', 'print JSON')
    .action(create)
}

/** The store comes first: where what comes after it is refused, it is deleted again. */
async function create(name: string, flags: CreateFlags): Promise<void> {
  const client = await clientOf(flags)
  const bundle = await storeFile(client, flags.bundle)
  const intermediates =
    flags.intermediates === undefined ? undefined : await storeFile(client, flags.intermediates)
  const lists = await storeLists(client, { files: flags.crl })
  const path = 'trust-stores'
  const body = { name, bundle: bundle.file }
  const made = await client.ask({ method: 'POST', path, body, answer: storeForm })
  answerOf(named(made, [bundle]))
  const filled = await fill(client, name, intermediates, lists)
  if (!filled.ok) {
    answerOf(
      await client.ask({
        method: 'DELETE',
        path: `${path}/${encodeURIComponent(name)}`,
        answer: z.undefined(),
      }),
    )
    return endWith({ ...filled.error, message: `no store was made: ${filled.error.message}` })
  }
  const store = await storeOf(client, name)
  if (flags.json === true) return printJson(store)
  return print(`${name}: made, epoch ${store.head?.epoch ?? 0}\n`)
}

/** What a new store has beside its bundle. */
async function fill(
  client: Client,
  name: string,
  intermediates: StoredFile | undefined,
  lists: StoredLists,
): Promise<Result<unknown, Failure>> {
  if (intermediates !== undefined) {
    const order = { kind: 'replace_intermediates', file: intermediates.file }
    const replaced = named(await change(client, name, order), [intermediates])
    if (!replaced.ok) return replaced
  }
  return lists.stored.length === 0
    ? ok(undefined)
    : named(await change(client, name, lists.order), lists.stored)
}

async function storeOf(client: Client, name: string): Promise<Store> {
  const path = `trust-stores/${encodeURIComponent(name)}`
  return answerOf(await client.ask({ path, answer: storeForm }))
}

async function replaceFile(
  client: Client,
  name: string,
  kind: 'replace_bundle' | 'replace_intermediates',
  path: string,
): Promise<void> {
  const stored = await storeFile(client, path)
  answerOf(named(await change(client, name, { kind, file: stored.file }), [stored]))
}

/** Lists to add, all of them or none, and ids of those that go in the same step. */
export interface ListsOrder {
  readonly files: readonly string[]
  readonly removing?: readonly number[]
  readonly source?: string
  readonly acceptShrink?: true
}

/** Adds lists in one change. */
export async function addLists(client: Client, name: string, lists: ListsOrder): Promise<void> {
  const { stored, order } = await storeLists(client, lists)
  answerOf(named(await change(client, name, order), stored))
}

/** Files of lists that are stored, and the change that adds them. */
interface StoredLists {
  readonly stored: readonly StoredFile[]
  readonly order: ChangeOrder
}

async function storeLists(
  client: Client,
  { files, removing = [], source, acceptShrink }: ListsOrder,
): Promise<StoredLists> {
  const stored: StoredFile[] = []
  for (const file of files) stored.push(await storeFile(client, file))
  const order: ChangeOrder = {
    kind: 'add_lists',
    lists: stored.map(({ file }) => ({
      file,
      ...(source !== undefined && { source }),
      ...(acceptShrink === true && { shrink: 'accept' }),
    })),
    ...(removing.length > 0 && { removing }),
  }
  return { stored, order }
}

interface ShowFlags extends TargetFlags, JsonFlags {
  readonly epoch?: number
}

export function showCommand(): Command {
  return withTarget(new Command('show'))
    .description('what a trust store says: its CAs, revocation lists and revoked serials')
    .argument('<name>')
    .option('--epoch <number>', 'as it was at that epoch', wholeNumber(1))
    .option('--json', 'print JSON')
    .action(async (name: string, flags: ShowFlags) => {
      const client = await clientOf(flags)
      const store = await storeOf(client, name)
      const document = await documentOf(client, name, flags.epoch)
      if (flags.json === true) return printJson({ ...store, document })
      return print(headText(store, flags.epoch) + documentText(document))
    })
}

function headText({ name, status, head }: Store, epoch: number | undefined): string {
  const now = `${name}: ${status}, epoch ${head?.epoch ?? '-'} since ${time(head?.at)}\n`
  return epoch === undefined ? now : `${now}as it was at epoch ${epoch}:\n`
}

function documentText({ bundle, intermediates, lists, revoked }: StoreText): string {
  const anchors = `anchors: ${counted(bundle.certificates, 'certificate')}\n`
  const others = `intermediates: ${counted(intermediates?.certificates ?? 0, 'certificate')}\n`
  return anchors + others + listsText(lists) + revokedText(revoked)
}

function listsText(lists: StoreText['lists']): string {
  if (lists.length === 0) return 'revocation lists: none\n'
  const rows = lists.map((each) => [
    String(each.id),
    each.kind,
    each.number ?? '-',
    String(each.entries),
    time(each.thisUpdate),
    time(each.nextUpdate),
    each.supersededBy === undefined ? 'in force' : `superseded by ${each.supersededBy}`,
    `${issuerText(each.issuer)} (${each.source})`,
  ])
  const header = [
    'ID',
    'KIND',
    'NUMBER',
    'ENTRIES',
    'THIS UPDATE',
    'NEXT UPDATE',
    'STATE',
    'ISSUER',
  ]
  return `revocation lists:\n${table([header, ...rows])}`
}

/** A terminal holds no more; `--json` has them all. */
const serialsShown = 50

function revokedText(revoked: StoreText['revoked']): string {
  if (revoked.length === 0) return 'serials revoked by word: none\n'
  const rows = revoked
    .slice(-serialsShown)
    .map(({ serial, since, reason, issuer }) => [serial, time(since), reason, issuerText(issuer)])
  const left = revoked.length - rows.length
  const rest = left === 0 ? '' : `and ${left} before them (--json shows all)\n`
  return `serials revoked by word: ${revoked.length}\n${table([['SERIAL', 'SINCE', 'REASON', 'ISSUER'], ...rows])}${rest}`
}

interface ModifyFlags extends TargetFlags, JsonFlags, ConfirmFlags {
  readonly bundle?: string
  readonly intermediates?: string | false
}

export function modifyCommand(): Command {
  return withTarget(new Command('modify'))
    .description('replace the CA bundle or the intermediates of a trust store')
    .argument('<name>')
    .option('--bundle <file>', 'PEM file of the trust anchors, all of them')
    .option('--intermediates <file>', 'PEM file of CA certificates that devices do not send')
    .option('--no-intermediates', 'have none any more')
    .option(...yesFlag)
    .option('--json', 'print JSON')
    .action(modify)
}

async function modify(name: string, flags: ModifyFlags, command: Command): Promise<void> {
  const { bundle, intermediates } = flags
  if (bundle === undefined && intermediates === undefined) {
    command.error('modify: expected --bundle, --intermediates or --no-intermediates')
  }
  const client = await clientOf(flags)
  await confirmed(modifyText(name, flags), flags)
  if (bundle !== undefined) await replaceFile(client, name, 'replace_bundle', bundle)
  if (typeof intermediates === 'string') {
    await replaceFile(client, name, 'replace_intermediates', intermediates)
  }
  if (intermediates === false) {
    answerOf(await change(client, name, { kind: 'replace_intermediates' }))
  }
  await printHead(client, name, flags)
}

function modifyText(name: string, { bundle, intermediates }: ModifyFlags): string {
  const parts = [
    ...(bundle === undefined
      ? []
      : [`devices are let in by the anchors of ${bundle} and no others`]),
    ...(typeof intermediates === 'string'
      ? [`its intermediates are those of ${intermediates}`]
      : []),
    ...(intermediates === false ? ['it has no intermediates any more'] : []),
  ]
  return `${name}: ${parts.join('; ')}.`
}

/** What is in force after a change. */
export async function printHead(client: Client, name: string, { json }: JsonFlags): Promise<void> {
  const { head } = await storeOf(client, name)
  if (json === true) return printJson(head)
  return print(`${plain(name)}: epoch ${head?.epoch ?? '-'} since ${time(head?.at)}\n`)
}

export function deleteCommand(): Command {
  return withTarget(new Command('delete'))
    .description('delete a trust store; whoever follows it lets nobody in any more')
    .argument('<name>')
    .option(...yesFlag)
    .action(async (name: string, flags: TargetFlags & ConfirmFlags) => {
      const client = await clientOf(flags)
      await confirmed(
        `${name}: it is deleted, and every gateway that follows it refuses every device.`,
        flags,
      )
      const path = `trust-stores/${encodeURIComponent(name)}`
      answerOf(await client.ask({ method: 'DELETE', path, answer: z.undefined() }))
      print(`${name}: deleted\n`)
    })
}

export function collect(text: string, all: readonly string[]): readonly string[] {
  return [...all, text]
}
