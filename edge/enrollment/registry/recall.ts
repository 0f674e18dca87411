import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Sql, SqlRow } from '../../sqlite/sql.ts'
import type { Approval } from './authorities.ts'
import { certificateBySerial, certificatesOf, isLive } from './certificates.ts'
import { requestKey } from './claimants.ts'
import type { Device } from './device.ts'
import { deviceByName } from './devices.ts'
import { derOf } from './enrolment-rows.ts'
import { validityAgain } from './granted-validity.ts'
import type { Admission, EnrolmentAttempt, EnrolmentRefusal } from './registry.ts'

/** What a device's part of the registry knows of an attempt already. */
export type Recalled =
  /** Nothing more is to be asked. */
  | { readonly kind: 'settled'; readonly admission: Admission }
  | {
      readonly kind: 'open'
      readonly device: Device | undefined
      /** Whose word the very request waits for; undefined where it is a new one. */
      readonly waitsFor: Approval | undefined
    }

/** Numbers that the registry goes by. */
export interface EnrolmentRules {
  /** How long after its end a certificate still renews itself. */
  readonly renewAfterExpiryMs: number
  /** After which a device asks again whether it was approved. */
  readonly retryAfterMs: number
}

/** What the device's own part says to an attempt before anybody else is asked. */
export function recall(
  sql: Sql,
  attempt: EnrolmentAttempt,
  now: Instant,
  rules: EnrolmentRules,
): Result<Recalled, EnrolmentRefusal> {
  const device = deviceByName(sql, attempt.device)
  const refusal = refusalOfDevice(device, attempt) ?? refusalOfClaimant(sql, attempt, now, rules)
  if (refusal !== undefined) return err(refusal)
  const [row] = sql.all('SELECT * FROM enrolments WHERE request_sha256 = ?', requestKey(attempt))
  const anew = ok({ kind: 'open', device, waitsFor: undefined } as const)
  if (row === undefined) return anew
  switch (row['state']) {
    case 'waiting':
      return ok({ kind: 'open', device, waitsFor: row['approval'] as Approval })
    case 'signing':
      return settled(toSign(row, now))
    case 'issued':
      return isOver(sql, row, now)
        ? anew
        : settled({ kind: 'issued', certificate: derOf(row['certificate']) })
    default:
      return hasOpen(sql, attempt)
        ? err({
            code: 'request_ended',
            because: `this request has ended: ${String(row['because'])}`,
          })
        : anew
  }
}

/** Whether the certificate of an enrolment is good no more: the same octets then ask for the next one. */
function isOver(sql: Sql, { device, id }: SqlRow, now: Instant): boolean {
  const own = certificatesOf(sql, String(device)).filter(({ enrolment }) => enrolment === id)
  return !own.some((each) => isLive(each, now))
}

/** Whether a later request of the same key is on its way: one of the two is signed. */
function hasOpen(sql: Sql, { device, keySha256 }: EnrolmentAttempt): boolean {
  const [open] = sql.all(
    `SELECT 1 FROM enrolments
     WHERE device = ? AND key_sha256 = ? AND state IN ('waiting', 'signing') LIMIT 1`,
    device,
    keySha256,
  )
  return open !== undefined
}

const settled = (admission: Admission) => ok({ kind: 'settled', admission } as const)

/** Serial and length as they were written down; the length counts from when it is signed. */
function toSign(row: SqlRow, now: Instant): Admission {
  const granted = {
    notBefore: instantFromMs(Number(row['not_before'])),
    notAfter: instantFromMs(Number(row['not_after'])),
  }
  return {
    kind: 'sign',
    enrolment: String(row['id']),
    serial: String(row['serial']),
    ...validityAgain(now, granted),
  }
}

/** Only an active device is enrolled or renewed; a pending one waits. */
function refusalOfDevice(
  device: Device | undefined,
  { device: name, claimant }: EnrolmentAttempt,
): EnrolmentRefusal | undefined {
  if (device === undefined) return undefined
  if (device.name !== name) {
    const because = `the name differs from that of ${device.name} by the case of letters alone`
    return { code: 'device_name_taken', because }
  }
  const { status, suspendedClass, factoryLeaf } = device
  if (status !== 'active' && status !== 'pending') {
    return { code: `device_${status}`, because: `${name} is ${status}` }
  }
  if (suspendedClass !== undefined) {
    return { code: 'device_suspended', because: `the class ${suspendedClass} is suspended` }
  }
  const isOtherLeaf =
    claimant.kind === 'factory_certificate' &&
    factoryLeaf !== undefined &&
    factoryLeaf !== claimant.leafSha256
  return isOtherLeaf
    ? {
        code: 'factory_certificate_of_another',
        because: `${name} has another factory certificate than this one`,
      }
    : undefined
}

/** C21, C22: a certificate of ours speaks for its device while it is not revoked and not too old. */
function refusalOfClaimant(
  sql: Sql,
  { claimant, device, kind }: EnrolmentAttempt,
  now: Instant,
  { renewAfterExpiryMs }: EnrolmentRules,
): EnrolmentRefusal | undefined {
  if (claimant.kind !== 'own_certificate') return undefined
  const known = certificateBySerial(sql, claimant)
  const serial = `the certificate ${claimant.serial}`
  if (known === undefined) {
    return { code: 'certificate_unknown', because: `${serial} is none of ${device}` }
  }
  if (known.device !== device) {
    return { code: 'certificate_of_another', because: `${serial} is not of ${device}` }
  }
  if (known.revokedAt !== undefined) {
    return { code: 'certificate_revoked', because: `${serial} is revoked` }
  }
  if (now <= known.notAfter) return undefined
  if (kind !== 'renew') {
    return { code: 'certificate_expired', because: `${serial} is expired, and this is no renewal` }
  }
  return now <= known.notAfter + renewAfterExpiryMs
    ? undefined
    : { code: 'certificate_lapsed', because: `${serial} is expired for too long to renew itself` }
}
