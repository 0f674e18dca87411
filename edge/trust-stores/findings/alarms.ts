import type { Result } from '#shared/result.ts'
import { isoFromInstant, type Instant } from '#shared/time.ts'
import type { Sql } from '../../sqlite/sql.ts'
import type { Finding } from './finding.ts'
import { findingsOfMessageMax, sendFindings, type Post, type Webhook } from './webhook.ts'

export interface AlarmOptions {
  readonly sql: Sql
  /** The store's name. */
  readonly store: string
  /** Takes one line of JSON. */
  readonly log: (line: string) => void
  readonly webhook: Result<Webhook | undefined, string>
  readonly post: Post
}

/**
 * Tells what is new: one structured log line a finding, when it is first seen and when it grows more
 * or less severe, and one when it is gone. Warnings and worse go to the webhook as well, again with
 * the next look until one arrives.
 */
export async function tellFindings(
  findings: readonly Finding[],
  now: Instant,
  options: AlarmOptions,
): Promise<void> {
  const { sql } = options
  const known = knownFindings(sql)
  const current = new Map(findings.map((each) => [idOf(each), each]))
  for (const [id, finding] of current) {
    if (known.get(id)?.severity === finding.severity) continue
    logFinding('trust_store_finding', finding, options)
    sql.all(
      'INSERT OR REPLACE INTO findings (id, since, finding, sent) VALUES (?, ?, ?, ?)',
      id,
      now,
      JSON.stringify(finding),
      // Notices are for those who look.
      finding.severity === 'notice' ? 1 : 0,
    )
  }
  for (const [id, finding] of known) {
    if (current.has(id)) continue
    logFinding('trust_store_finding_cleared', finding, options)
    sql.all('DELETE FROM findings WHERE id = ?', id)
  }
  await sendUnsent(now, options)
}

/** What stays the same while a finding goes on. */
const idOf = ({ code, subject }: Finding): string => `${code} ${subject}`

function knownFindings(sql: Sql): ReadonlyMap<string, Finding> {
  const rows = sql.all('SELECT id, finding FROM findings')
  return new Map(
    rows.map((row) => [String(row['id']), JSON.parse(String(row['finding'])) as Finding]),
  )
}

function logFinding(event: string, finding: Finding, { store, log }: AlarmOptions): void {
  log(JSON.stringify({ event, store, ...finding, at: isoFromInstant(finding.at) }))
}

async function sendUnsent(now: Instant, options: AlarmOptions): Promise<void> {
  const { sql, webhook, store, post } = options
  if (!webhook.ok) return logFailure(webhook.error, options)
  if (webhook.value === undefined) return
  const rows = sql.all(
    'SELECT id, finding FROM findings WHERE sent = 0 ORDER BY since, id LIMIT ?',
    findingsOfMessageMax,
  )
  if (rows.length === 0) return
  const findings = rows.map((row) => JSON.parse(String(row['finding'])) as Finding)
  const sent = await sendFindings(webhook.value, { store, findings, at: now }, post)
  if (!sent.ok) return logFailure(sent.error, options)
  for (const { id = null } of rows) sql.all('UPDATE findings SET sent = 1 WHERE id = ?', id)
}

function logFailure(because: string, { store, log }: AlarmOptions): void {
  log(JSON.stringify({ event: 'trust_store_webhook_failed', store, because }))
}
