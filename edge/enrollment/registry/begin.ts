import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import type { Sql } from '../../sqlite/sql.ts'
import type { Approval } from './authorities.ts'
import { certificatesOf, isLive, type KnownCertificate } from './certificates.ts'
import { claimantText, requestKey } from './claimants.ts'
import type { Device } from './device.ts'
import { addDevice, bindFactoryLeaf } from './devices.ts'
import { derOf } from './enrolment-rows.ts'
import { recall, type EnrolmentRules } from './recall.ts'
import { refusalOfRevokedKey } from './revoked-key.ts'
import type { Admission, EnrolmentAttempt, EnrolmentRefusal } from './registry.ts'

/** What is to be begun, with all that chance gives it: drawn before, so that a database draws nothing. */
export interface EnrolmentOrder {
  readonly attempt: EnrolmentAttempt
  readonly id: string
  /** As `albSerial` writes it. */
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** Who says whether a device that is not known yet comes in. */
  readonly approval: Approval
  /** The claimant is known to be this very device: by its own certificate, its factory's, a claim for it. */
  readonly isBound: boolean
  /** Of a device that is not known yet. */
  readonly classes: readonly string[]
  /** A claim that was used for this key before gives the certificate that it gave, and no other. */
  readonly isRepeatedClaim: boolean
  readonly by: string
}

/**
 * Of one device: two in daily use while it renews, some more that were lost with a crash between
 * being issued and being kept. What loops is stopped here.
 */
const liveCertificatesMax = 16

/** Of one device: requests that were not answered yet. A newer one takes the place of the oldest. */
const openEnrolmentsMax = 4

/**
 * Writes down what is to be signed, before it is signed, or says that it waits, was signed before, or
 * may not be. Call it in a transaction.
 */
export function begin(
  sql: Sql,
  order: EnrolmentOrder,
  now: Instant,
  rules: EnrolmentRules,
): Result<Admission, EnrolmentRefusal> {
  const { attempt } = order
  const recalled = recall(sql, attempt, now, rules)
  if (!recalled.ok) return recalled
  // A duplicate of it came first.
  if (recalled.value.kind === 'settled') return ok(recalled.value.admission)
  const refusal = refusalOfStranger(sql, order) ?? refusalOfRevokedKey(sql, attempt, now)
  if (refusal !== undefined) return err(refusal)
  const before = priorCertificate(sql, order, now)
  if (before !== undefined) return before
  const { device, waitsFor } = recalled.value
  const status = device?.status ?? (order.approval === 'automatic' ? 'active' : 'pending')
  rememberDevice(sql, device, status === 'active' ? 'active' : 'pending', order, now)
  const state = status === 'active' ? 'signing' : 'waiting'
  if (state === 'signing' || waitsFor === undefined) writeEnrolment(sql, order, state, now)
  if (state === 'waiting') return ok({ kind: 'pending', retryAfterMs: rules.retryAfterMs })
  const { id: enrolment, serial, notBefore, notAfter } = order
  return ok({ kind: 'sign', enrolment, serial, notBefore, notAfter })
}

/**
 * A name that somebody has enrolled is his: whoever comes with another key and nothing that was given
 * out for this very device would take it over.
 */
function refusalOfStranger(
  sql: Sql,
  { attempt: { device, keySha256 }, isBound }: EnrolmentOrder,
): EnrolmentRefusal | undefined {
  if (isBound) return undefined
  const [taken] = sql.all(
    `SELECT 1 FROM certificates WHERE device = ? AND key_sha256 <> ?
     UNION ALL SELECT 1 FROM enrolments
     WHERE device = ? AND key_sha256 <> ? AND state <> 'failed' LIMIT 1`,
    device,
    keySha256,
    device,
    keySha256,
  )
  if (taken === undefined) return undefined
  const because = `${device} is enrolled with another key: it renews its certificate, or gets a claim of its own`
  return { code: 'device_enrolled', because }
}

/**
 * What the device's certificates make of one more: for a key that has one it is a renewal, which is
 * asked for as such, or due because half of its life is over. Undefined where nothing is against it.
 */
function priorCertificate(
  sql: Sql,
  { attempt, isRepeatedClaim }: EnrolmentOrder,
  now: Instant,
): Result<Admission, EnrolmentRefusal> | undefined {
  const all = certificatesOf(sql, attempt.device)
  const live = all.filter((each) => isLive(each, now))
  const ofKey = live.find(({ keySha256 }) => keySha256 === attempt.keySha256)
  const mayReplace = !isRepeatedClaim && (attempt.kind === 'renew' || isHalfOver(ofKey, now))
  if (ofKey !== undefined && !mayReplace) return servedAgain(sql, ofKey)
  if (isRepeatedClaim && all.some(({ keySha256 }) => keySha256 === attempt.keySha256)) {
    return refused('claim_used', 'the claim was used, and the certificate it gave is over')
  }
  if (live.length < liveCertificatesMax) return undefined
  const because = `${attempt.device} has ${live.length} certificates that are good`
  return refused('too_many_certificates', because)
}

const refused = (code: EnrolmentRefusal['code'], because: string) => err({ code, because })

/** The half of a certificate's life is where renewals begin (SPIRE, Istio). */
function isHalfOver(certificate: KnownCertificate | undefined, now: Instant): boolean {
  if (certificate === undefined) return true
  const { notBefore, notAfter } = certificate
  return now >= notBefore + (notAfter - notBefore) / 2
}

/** A device that lost the answer makes a new request of its key, whose octets are others. */
function servedAgain(
  sql: Sql,
  { enrolment, serial }: KnownCertificate,
): Result<Admission, EnrolmentRefusal> {
  const [row] = sql.all('SELECT certificate FROM enrolments WHERE id = ?', enrolment ?? '')
  if (typeof row?.['certificate'] === 'string') {
    return ok({ kind: 'issued', certificate: derOf(row['certificate']) })
  }
  const because = `its key has the certificate ${serial}, which is good: renew that one`
  return refused('key_certified', because)
}

function rememberDevice(
  sql: Sql,
  device: Device | undefined,
  status: 'active' | 'pending',
  { attempt, classes, by }: EnrolmentOrder,
  now: Instant,
): void {
  const { claimant, device: name } = attempt
  const factoryLeaf = claimant.kind === 'factory_certificate' ? claimant.leafSha256 : undefined
  if (device !== undefined) {
    if (factoryLeaf !== undefined) bindFactoryLeaf(sql, name, factoryLeaf)
    return
  }
  const word = { at: now, by, because: `enrolled by ${claimant.kind.replaceAll('_', ' ')}` }
  addDevice(sql, { name, status, classes, factoryLeaf }, word)
}

function writeEnrolment(
  sql: Sql,
  order: EnrolmentOrder,
  state: 'waiting' | 'signing',
  now: Instant,
): void {
  const { attempt } = order
  makeRoom(sql, attempt)
  setAside(sql, attempt)
  sql.all(
    `INSERT OR REPLACE INTO enrolments
     (request_sha256, id, device, key_sha256, claimant, kind, approval, state, at, serial, not_before,
      not_after)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    requestKey(attempt),
    order.id,
    attempt.device,
    attempt.keySha256,
    claimantText(attempt.claimant),
    attempt.kind,
    order.approval,
    state,
    now,
    order.serial,
    order.notBefore,
    order.notAfter,
  )
}

/** What has ended of the very request stays in the history: what is signed for it too late is known then. */
function setAside(sql: Sql, attempt: EnrolmentAttempt): void {
  sql.all(
    `UPDATE enrolments SET request_sha256 = request_sha256 || ' ' || id
     WHERE request_sha256 = ? AND state IN ('issued', 'failed')`,
    requestKey(attempt),
  )
}

/** Open requests of the same key, and the oldest beyond the bound, end: what is signed for them is void. */
function makeRoom(sql: Sql, attempt: EnrolmentAttempt): void {
  const { device, keySha256 } = attempt
  const request = requestKey(attempt)
  sql.all(
    `UPDATE enrolments SET state = 'failed', because = 'a later request took its place'
     WHERE device = ? AND request_sha256 <> ? AND state IN ('waiting', 'signing')
       AND (key_sha256 = ? OR request_sha256 NOT IN (
         SELECT request_sha256 FROM enrolments
         WHERE device = ? AND state IN ('waiting', 'signing') ORDER BY at DESC LIMIT ?))`,
    device,
    request,
    keySha256,
    device,
    openEnrolmentsMax - 1,
  )
}
