import { Command } from 'commander'
import { ok, type Result } from '#shared/result.ts'
import { wholeNumber } from '../options.ts'
import { change, documentOf } from './change.ts'
import { answerOf, type Client, type Failure } from './client.ts'
import { confirmed, yesFlag, type ConfirmFlags } from './confirm.ts'
import { auditForm, type AuditEntry, type StoreText } from './forms.ts'
import { counted, print, printJson, table, time } from './print.ts'
import { printHead } from './stores.ts'
import { clientOf, withTarget, type TargetFlags } from './target.ts'

interface PageFlags extends TargetFlags {
  readonly limit: number
  readonly json?: true
}

/** Of a page, as the API has it. */
const pageMax = 1000

/** Lines of the audit log, latest first. */
export async function auditOf(
  client: Client,
  name: string,
  page: { readonly limit: number; readonly before?: number },
): Promise<Result<readonly AuditEntry[], Failure>> {
  const before = page.before === undefined ? '' : `&before=${page.before}`
  const path = `trust-stores/${encodeURIComponent(name)}/audit?limit=${page.limit}${before}`
  const read = await client.ask({ path, answer: auditForm })
  return read.ok ? ok(read.value.entries) : read
}

export function auditCommand(): Command {
  return withTarget(new Command('audit'))
    .description('who asked for what of a trust store, and what came of it: latest first')
    .argument('<name>')
    .option('--limit <count>', 'as many lines', wholeNumber(1), 50)
    .option('--json', 'print JSON')
    .action(async (name: string, { limit, json, ...target }: PageFlags) => {
      const client = await clientOf(target)
      const entries = await take(client, name, limit, () => true)
      if (json === true) return printJson(entries)
      const rows = entries.map((entry) => [String(entry.id), ...entryRow(entry)])
      return print(table([['ID', 'AT', 'EPOCH', 'BY', 'WHAT'], ...rows]))
    })
}

export function epochsCommand(): Command {
  return withTarget(new Command('epochs'))
    .description('the epochs of a trust store, latest first: roll-back goes to any of them')
    .argument('<name>')
    .option('--limit <count>', 'as many epochs', wholeNumber(1), 20)
    .option('--json', 'print JSON')
    .action(async (name: string, { limit, json, ...target }: PageFlags) => {
      const client = await clientOf(target)
      const entries = await take(client, name, limit, ({ outcome }) => outcome.kind === 'made')
      if (json === true) return printJson(entries)
      return print(table([['AT', 'EPOCH', 'BY', 'WHAT'], ...entries.map(entryRow)]))
    })
}

/** Pages through the log until so many lines of a kind are found. */
async function take(
  client: Client,
  name: string,
  limit: number,
  wanted: (entry: AuditEntry) => boolean,
): Promise<readonly AuditEntry[]> {
  const found: AuditEntry[] = []
  let before: number | undefined
  while (found.length < limit) {
    const page = { limit: Math.min(pageMax, Math.max(limit, 100)), ...(before && { before }) }
    const entries = answerOf(await auditOf(client, name, page))
    found.push(...entries.filter(wanted))
    before = entries.at(-1)?.id
    if (before === undefined || entries.length < page.limit) break
  }
  return found.slice(0, limit)
}

/** When, which epoch, by whom, and what: or why not. */
export function entryRow({ at, by, change: asked, outcome }: AuditEntry): readonly string[] {
  if (outcome.kind === 'made') return [time(at), String(outcome.epoch), by, changeText(asked)]
  if (outcome.kind === 'done') return [time(at), '-', by, changeText(asked)]
  const { code, because } = outcome.refusal
  return [time(at), 'refused', by, `${changeText(asked)}: ${code.replaceAll('_', ' ')}: ${because}`]
}

function changeText({ kind, ...rest }: AuditEntry['change']): string {
  const words = kind.replaceAll('_', ' ')
  const [many] = Object.values(rest).filter((value) => Array.isArray(value))
  if (many !== undefined) return `${words} (${many.length})`
  if (typeof rest['location'] === 'string')
    return `${words} ${String(rest['source'])}: ${rest['location']}`
  return typeof rest['epoch'] === 'number' ? `${words} to epoch ${rest['epoch']}` : words
}

interface RollBackFlags extends TargetFlags, ConfirmFlags {
  readonly json?: true
}

export function rollBackCommand(): Command {
  return withTarget(new Command('roll-back'))
    .description('make everything as it was at an epoch; that is a new epoch')
    .argument('<name>')
    .argument('<epoch>', 'as epochs tells them', wholeNumber(1))
    .option(...yesFlag)
    .option('--json', 'print JSON')
    .action(rollBack)
}

async function rollBack(name: string, epoch: number, flags: RollBackFlags): Promise<void> {
  const client = await clientOf(flags)
  const now = await documentOf(client, name)
  const then = await documentOf(client, name, epoch)
  await confirmed(rollBackText(name, epoch, now, then), flags)
  answerOf(await change(client, name, { kind: 'roll_back', epoch }))
  return printHead(client, name, flags)
}

/** What is lost is what counts: who was revoked since is let in again. */
function rollBackText(name: string, epoch: number, now: StoreText, then: StoreText): string {
  const revokedThen = new Set(then.revoked.map(({ issuer, serial }) => `${issuer} ${serial}`))
  const back = now.revoked.filter(({ issuer, serial }) => !revokedThen.has(`${issuer} ${serial}`))
  const kept = new Set(then.lists.map(({ file }) => file))
  const gone = now.lists.filter(({ file }) => !kept.has(file))
  const parts = [
    `${name}: everything is as it was at epoch ${epoch}`,
    `${counted(back.length, 'certificate')} revoked by word since ${back.length === 1 ? 'is' : 'are'} let in again`,
    `${counted(gone.length, 'revocation list')} added since ${gone.length === 1 ? 'goes' : 'go'}`,
    ...(now.bundle.file === then.bundle.file ? [] : ['the CA bundle is the one of then']),
  ]
  return `${parts.join('; ')}.`
}
