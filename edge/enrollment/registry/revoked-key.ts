import type { Instant } from '#shared/time.ts'
import type { Sql } from '../../sqlite/sql.ts'
import type { EnrolmentAttempt, EnrolmentRefusal } from './registry.ts'

/**
 * A key whose certificate was revoked by itself gets no other while that one would still be good:
 * whoever has the key was to lose it. Nothing is said of a key by a certificate that was void from
 * birth, beside the one that left the house or in place of one, nor by those that ended because their
 * device was retired: it may come back with the key that its hardware has.
 */
export function refusalOfRevokedKey(
  sql: Sql,
  { device, keySha256 }: Pick<EnrolmentAttempt, 'device' | 'keySha256'>,
  now: Instant,
): EnrolmentRefusal | undefined {
  const [revoked] = sql.all(
    `WITH own AS (
       SELECT certificates.*, revoked_at IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM history
         WHERE history.device = certificates.device AND status = 'retired' AND at = revoked_at
       ) AS is_revoked
       FROM certificates WHERE device = ? AND key_sha256 = ?
     )
     SELECT 1 FROM own
     WHERE is_revoked AND not_after >= ?
       AND (enrolment IS NULL OR EXISTS (
         SELECT 1 FROM enrolments WHERE enrolments.id = own.enrolment AND state = 'issued'))
       AND NOT EXISTS (
         SELECT 1 FROM own AS other
         WHERE NOT other.is_revoked AND (other.not_after >= ? OR other.enrolment IS own.enrolment))
     LIMIT 1`,
    device,
    keySha256,
    now,
    now,
  )
  if (revoked === undefined) return undefined
  return { code: 'key_revoked', because: 'a certificate of this key was revoked: make another key' }
}
