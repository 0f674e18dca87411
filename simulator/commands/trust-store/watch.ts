import { setTimeout as wait } from 'node:timers/promises'
import { Command } from 'commander'
import { positiveNumber } from '../options.ts'
import { answerOf, type Client } from './client.ts'
import type { AuditEntry } from './forms.ts'
import { auditOf, entryRow } from './history.ts'
import { plain, print, printJsonLine } from './print.ts'
import { clientOf, withTarget, type TargetFlags } from './target.ts'

interface WatchFlags extends TargetFlags {
  readonly every: number
  readonly json?: true
}

export function watchCommand(): Command {
  return withTarget(new Command('watch'))
    .description('follow the epochs and refusals of a trust store as they come, until Ctrl-C')
    .argument('<name>')
    .option('--every <seconds>', 'how often it is asked', positiveNumber, 1)
    .option('--json', 'print JSON, one object a line')
    .action(watch)
}

/** Of a page: what came between two looks, and more a second is another page. */
const pageSize = 100

async function watch(name: string, flags: WatchFlags): Promise<void> {
  process.once('SIGINT', () => process.exit(130))
  const client = await clientOf(flags)
  const [latest] = answerOf(await auditOf(client, name, { limit: 1 }))
  let seen = latest?.id ?? 0
  process.stderr.write(`watching ${name}, from line ${seen} of its log on\n`)
  const pauses = createPauses(flags.every * 1000)
  for (;;) {
    await wait(pauses.next())
    const entries = await since(client, name, seen)
    if (typeof entries === 'string') {
      if (pauses.failed()) process.stderr.write(`${entries}; asking again\n`)
      continue
    }
    if (pauses.went()) process.stderr.write(`${client.url} answers again\n`)
    for (const entry of entries) tell(entry, flags)
    seen = entries.at(-1)?.id ?? seen
  }
}

/** Lines after the one that was seen last, oldest first; a sentence where nobody answers. */
async function since(
  client: Client,
  name: string,
  seen: number,
): Promise<readonly AuditEntry[] | string> {
  const found: AuditEntry[] = []
  let before: number | undefined
  for (;;) {
    const page = await auditOf(client, name, { limit: pageSize, ...(before && { before }) })
    if (!page.ok) {
      // Asking again changes nothing about a refusal.
      return page.error.kind === 'away' ? page.error.message : answerOf(page)
    }
    const fresh = page.value.filter(({ id }) => id > seen)
    found.push(...fresh)
    before = fresh.at(-1)?.id
    if (before === undefined || fresh.length < pageSize) return found.toReversed()
  }
}

function tell(entry: AuditEntry, { json }: WatchFlags): void {
  if (json === true) return printJsonLine(entry)
  const [at = '', epoch = '', by = '', what = ''] = entryRow(entry).map(plain)
  const said = entry.outcome.kind === 'made' ? `epoch ${epoch}` : epoch
  return print(`${at}  ${said}  ${by}  ${what}\n`)
}

/** Half a minute: whoever watches sees soon that a control plane is back. */
const pauseMaxMs = 30_000

/** How long to wait between two looks: twice as long after each that failed. */
export interface Pauses {
  next(): number
  /** Whether it is the first failure in a row. */
  failed(): boolean
  /** Whether it failed before. */
  went(): boolean
}

export function createPauses(everyMs: number): Pauses {
  let failures = 0
  return {
    next: () => Math.max(everyMs, Math.min(pauseMaxMs, everyMs * 2 ** failures)),
    failed: () => (failures += 1) === 1,
    went() {
      const hadFailed = failures > 0
      failures = 0
      return hadFailed
    },
  }
}
