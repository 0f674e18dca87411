import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Sql, SqlRow } from '../../sqlite/sql.ts'
import type { Approval } from './authorities.ts'
import type { EnrolmentRefusal } from './registry.ts'

/** What lets devices enrol that have nothing else: a token, or a certificate that many of them share. */
export interface Claim {
  /** Public: what the claim is called in commands and logs. */
  readonly id: string
  /** SHA-256, hex, of the token, or of the claim certificate's DER. The token itself is nowhere. */
  readonly secretSha256: string
  /** The one device that it is for; undefined where it is for any. */
  readonly device: string | undefined
  /** How many keys get a certificate by it. */
  readonly quota: number
  readonly notAfter: Instant
  /** Of devices that it makes. */
  readonly classes: readonly string[]
  readonly approval: Approval
  readonly madeAt: Instant
  readonly madeBy: string
}

/** A claim and what became of it. */
export interface ClaimState extends Claim {
  readonly used: number
  readonly revokedAt: Instant | undefined
  /** How often it was shown when its quota was used up, by other keys. */
  readonly refused: number
}

/** What a claim gives to whoever shows it. */
export interface ClaimUse {
  readonly classes: readonly string[]
  readonly approval: Approval
  /** It was used for this key of this device before. */
  readonly isRepeated: boolean
  /** It is for this very device, and not for any. */
  readonly isForDevice: boolean
}

/** A refusal, and whether it is the one to tell somebody of: the claim has leaked. */
export interface ClaimRefusal extends EnrolmentRefusal {
  readonly leaked?: { readonly id: string; readonly refused: number }
}

/**
 * One device too many is a mistake in counting; some are somebody who has the token. Told once a claim.
 */
const leakAfterRefusals = 3

export function addClaim(sql: Sql, claim: Claim): void {
  sql.all(
    `INSERT INTO claims
     (secret_sha256, id, device, quota, not_after, classes, approval, made_at, made_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    claim.secretSha256,
    claim.id,
    claim.device ?? null,
    claim.quota,
    claim.notAfter,
    JSON.stringify(claim.classes),
    claim.approval,
    claim.madeAt,
    claim.madeBy,
  )
}

/** A device's key, as a use of a claim is counted: a repeated request of the same key is no second use. */
const useOf = (device: string, keySha256: string): string => `${keySha256} ${device}`

/** Uses a claim, for one key of one device, as often as that asks. Call it in a transaction. */
export function reserveClaim(
  sql: Sql,
  secretSha256: string,
  { device, keySha256 }: { readonly device: string; readonly keySha256: string },
  now: Instant,
): Result<ClaimUse, ClaimRefusal> {
  const claim = claimBySecret(sql, secretSha256)
  const refusal = refusalOf(claim, device, now)
  if (refusal !== undefined || claim === undefined) {
    return err(refusal ?? { code: 'claim_unknown', because: 'the claim is not known' })
  }
  const use = useOf(device, keySha256)
  const [before] = sql.all(
    'UPDATE claim_uses SET held = held + 1 WHERE secret_sha256 = ? AND request = ? RETURNING 1',
    secretSha256,
    use,
  )
  const isRepeated = before !== undefined
  if (!isRepeated) {
    if (claim.used >= claim.quota) return err(overQuota(sql, claim))
    sql.all('INSERT INTO claim_uses VALUES (?, ?, ?, 1)', secretSha256, use, device)
  }
  return ok({
    classes: claim.classes,
    approval: claim.approval,
    isRepeated,
    isForDevice: claim.device === device,
  })
}

function refusalOf(
  claim: ClaimState | undefined,
  device: string,
  now: Instant,
): ClaimRefusal | undefined {
  if (claim === undefined) return { code: 'claim_unknown', because: 'the claim is not known' }
  if (claim.revokedAt !== undefined) {
    return { code: 'claim_revoked', because: `the claim ${claim.id} is revoked` }
  }
  if (now > claim.notAfter) {
    return { code: 'claim_expired', because: `the claim ${claim.id} is expired` }
  }
  if (claim.device !== undefined && claim.device !== device) {
    return { code: 'claim_of_another', because: `the claim ${claim.id} is not for ${device}` }
  }
  return undefined
}

function overQuota(sql: Sql, { id, quota, secretSha256 }: ClaimState): ClaimRefusal {
  const [row] = sql.all(
    'UPDATE claims SET refused = refused + 1 WHERE secret_sha256 = ? RETURNING refused',
    secretSha256,
  )
  const refused = Number(row?.['refused'])
  const because =
    quota === 1 ? `the claim ${id} was used` : `the claim ${id} was used ${quota} times`
  return {
    code: quota === 1 ? 'claim_used' : 'quota_exceeded',
    because,
    ...(refused === leakAfterRefusals && { leaked: { id, refused } }),
  }
}

/** Gives a use back that came to nothing: once, or however often it was held, where its enrolment has ended. */
export function giveClaimBack(
  sql: Sql,
  secretSha256: string,
  { device, keySha256 }: { readonly device: string; readonly keySha256: string },
  how: 'once' | 'all',
): void {
  const use = useOf(device, keySha256)
  sql.all(
    'UPDATE claim_uses SET held = held - ? WHERE secret_sha256 = ? AND request = ?',
    how === 'once' ? 1 : Number.MAX_SAFE_INTEGER,
    secretSha256,
    use,
  )
  sql.all(
    'DELETE FROM claim_uses WHERE secret_sha256 = ? AND request = ? AND held <= 0',
    secretSha256,
    use,
  )
}

/** Nobody enrols by it any more; false where there is no such claim. */
export function revokeClaim(sql: Sql, id: string, at: Instant): boolean {
  const revoked = 'UPDATE claims SET revoked_at = IFNULL(revoked_at, ?) WHERE id = ? RETURNING 1'
  return sql.all(revoked, at, id).length > 0
}

/** Claims by id. */
export function claimsOf(
  sql: Sql,
  { after, limit }: { readonly after: string; readonly limit: number },
): readonly ClaimState[] {
  return sql.all(`${selected} WHERE id > ? ORDER BY id LIMIT ?`, after, limit).map(claimOf)
}

function claimBySecret(sql: Sql, secretSha256: string): ClaimState | undefined {
  const [row] = sql.all(`${selected} WHERE secret_sha256 = ?`, secretSha256)
  return row && claimOf(row)
}

const selected = `SELECT *, (SELECT COUNT(*) FROM claim_uses
  WHERE claim_uses.secret_sha256 = claims.secret_sha256) AS used FROM claims`

function claimOf(row: SqlRow): ClaimState {
  const { device, revoked_at: revokedAt } = row
  return {
    id: String(row['id']),
    secretSha256: String(row['secret_sha256']),
    device: typeof device === 'string' ? device : undefined,
    quota: Number(row['quota']),
    notAfter: instantFromMs(Number(row['not_after'])),
    classes: JSON.parse(String(row['classes'])) as readonly string[],
    approval: row['approval'] as Approval,
    madeAt: instantFromMs(Number(row['made_at'])),
    madeBy: String(row['made_by']),
    used: Number(row['used']),
    revokedAt: typeof revokedAt === 'number' ? instantFromMs(revokedAt) : undefined,
    refused: Number(row['refused']),
  }
}
