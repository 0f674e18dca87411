import { toHex } from '#shared/bytes.ts'
import { parseDuration } from '#shared/duration.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { Sql } from '../../sqlite/sql.ts'

/** What is known of an anchor of a store. */
export interface AnchorUse {
  /** `anchorId` of it. */
  readonly id: string
  /** When it was first seen in the store. */
  readonly since: Instant
  /** When an edge last told that a device came in by it; undefined: none ever did. */
  readonly usedAt: Instant | undefined
}

/** An anchor's key: SHA-256 of its SubjectPublicKeyInfo, hexadecimal, as RFC 7469 2.4 names keys. */
export async function anchorId({ spki }: Pick<Certificate, 'spki'>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', spki)))
}

/** How many anchors one call may name. What is above comes with the next one. */
export const toldAnchorsMax = 100

/** Edges tell once a day; of a hundred isolates that do, the first in each hour is written down. */
const noteEveryMs = 3_600_000

/**
 * Ids that are remembered at most. A store has some hundred anchors; whoever may ask for its head might
 * make up others, which `lookedAtAnchors` forgets again.
 */
export const knownAnchorsMax = 2000

/** Takes down that devices came in by these anchors. */
export function noteAnchors(sql: Sql, ids: readonly string[], now: Instant): void {
  const told = ids.slice(0, toldAnchorsMax).filter((id) => /^[0-9a-f]{64}$/.test(id))
  for (const id of told) {
    const isFull =
      Number(sql.all('SELECT COUNT(*) AS known FROM anchors')[0]?.['known']) >= knownAnchorsMax
    if (!isFull) sql.all('INSERT OR IGNORE INTO anchors (id, since) VALUES (?, ?)', id, now)
    sql.all(
      'UPDATE anchors SET used_at = ? WHERE id = ? AND (used_at IS NULL OR used_at <= ?)',
      now,
      id,
      now - noteEveryMs,
    )
  }
}

/** The anchors of a store as they are now: new ones begin, and what is none of them is forgotten. */
export async function lookedAtAnchors(
  sql: Sql,
  anchors: readonly Certificate[],
  now: Instant,
): Promise<void> {
  const ids = new Set(await Promise.all(anchors.map(anchorId)))
  const known = new Set(sql.all('SELECT id FROM anchors').map(({ id }) => String(id)))
  for (const id of known) if (!ids.has(id)) sql.all('DELETE FROM anchors WHERE id = ?', id)
  for (const id of ids) {
    if (!known.has(id)) sql.all('INSERT INTO anchors (id, since) VALUES (?, ?)', id, now)
  }
}

/** What is known of each of a store's anchors, in their order; of those not looked at yet, that they begin now. */
export async function anchorsOf(
  sql: Sql,
  anchors: readonly Certificate[],
  now: Instant,
): Promise<readonly AnchorUse[]> {
  const ids = await Promise.all(anchors.map(anchorId))
  const rows = sql.all('SELECT id, since, used_at FROM anchors')
  const uses = new Map(rows.map((row) => [String(row['id']), useOf(row)]))
  return ids.map((id) => uses.get(id) ?? { id, since: now, usedAt: undefined })
}

function useOf(row: ReturnType<Sql['all']>[number]): AnchorUse {
  const { id, since, used_at: usedAt } = row
  return {
    id: String(id),
    since: instantFromMs(Number(since)),
    usedAt: usedAt === null ? undefined : instantFromMs(Number(usedAt)),
  }
}

/** A device that reports once a month has come by then. */
export const unusedAfterMs = 30 * 86_400_000

/** Edges tell each anchor once a day, and an hour of that may not be written down: silence of less says nothing. */
const silenceMs = 86_400_000 + noteEveryMs

/**
 * How long nobody may come in by an anchor before that is a finding; a wrong word is told, and counts as
 * none. One that is too short to be meant for a fleet is told, and counts: somebody tries it out.
 */
export function readUnusedAfter(text: string | undefined, report: (line: string) => void): number {
  if (text === undefined) return unusedAfterMs
  const ms = parseDuration(text)
  if (ms === undefined || ms <= 0) {
    report(`ANCHOR_UNUSED_AFTER is wrong: expected a duration such as 30d, so it is 30 days`)
    return unusedAfterMs
  }
  if (ms < silenceMs) {
    report(
      'ANCHOR_UNUSED_AFTER is less than 25h: edges tell each anchor once a day, so those in use may be found unused',
    )
  }
  return ms
}
