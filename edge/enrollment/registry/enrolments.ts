import { fromBase64, toBase64, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { instantFromMs, type Instant } from '#shared/time.ts'
import type { Sql, SqlRow } from '../../sqlite/sql.ts'
import {
  addCertificate,
  certificateBySerial,
  certificatesOf,
  isLive,
  type CertificateFacts,
  type KnownCertificate,
} from './certificates.ts'
import type { Approval } from './authorities.ts'
import { claimantText, requestKey } from './claimants.ts'
import { endsCertificates, type Device } from './device.ts'
import { addDevice, bindFactoryLeaf, deviceByName } from './devices.ts'
import { validityAgain } from './granted-validity.ts'
import { markRefusedChanged } from './refused-rows.ts'
import { refusalOfRevokedKey } from './revoked-key.ts'
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
        ? refused('request_ended', `this request has ended: ${String(row['because'])}`)
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

const refused = (code: EnrolmentRefusal['code'], because: string) => err({ code, because })

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

function derOf(base64: unknown): Bytes {
  const der = typeof base64 === 'string' ? fromBase64(base64) : undefined
  if (der === undefined) throw new Error('a certificate of the registry cannot be read')
  return der
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

/** What became of a certificate that was brought. */
export type Recorded =
  /** This one leaves the house: it, or the one that was first. */
  | {
      readonly kind: 'hand_out'
      readonly certificate: Bytes
      readonly keySha256: string
      readonly device: string
    }
  /** It is known, and refused; nothing leaves the house. */
  | { readonly kind: 'void'; readonly because: string }

/** Writes a signed certificate down. Call it in a transaction. Throws an Error where it is not what was ordered. */
export function recordIssued(
  sql: Sql,
  id: string,
  signed: { readonly certificate: Bytes; readonly facts: CertificateFacts },
  now: Instant,
): Recorded {
  const [row] = sql.all('SELECT * FROM enrolments WHERE id = ?', id)
  const { facts, certificate } = signed
  if (row === undefined) throw new Error(`there is no enrolment ${id}`)
  if (row['key_sha256'] !== facts.keySha256) {
    throw new Error(`the certificate ${facts.serial} is for another key than was asked for`)
  }
  const device = String(row['device'])
  const known = certificateBySerial(sql, facts)
  if (row['state'] === 'issued') {
    // Two signed at once: one certificate is the request's, and a second serial is refused from birth.
    if (known === undefined) addVoid(sql, { ...facts, device, enrolment: id, revokedAt: now })
    const first = derOf(row['certificate'])
    return { kind: 'hand_out', certificate: first, keySha256: facts.keySha256, device }
  }
  if (known !== undefined) {
    if (known.enrolment === id) return { kind: 'void', because: 'the enrolment has ended' }
    throw new Error(`the CA has given the serial ${facts.serial} before`)
  }
  const status = deviceByName(sql, device)?.status ?? 'revoked'
  if (row['state'] !== 'signing' || endsCertificates(status)) {
    addVoid(sql, { ...facts, device, enrolment: id, revokedAt: now })
    return { kind: 'void', because: `the enrolment has ended, and ${device} is ${status}` }
  }
  addCertificate(sql, { ...facts, device, enrolment: id, revokedAt: undefined })
  sql.all(
    "UPDATE enrolments SET state = 'issued', certificate = ? WHERE id = ?",
    toBase64(certificate),
    id,
  )
  if (status === 'active') {
    return { kind: 'hand_out', certificate, keySha256: facts.keySha256, device }
  }
  // Suspended meanwhile: it gets its certificate when it is active again, by the same request.
  markRefusedChanged(sql)
  return { kind: 'void', because: `${device} is ${status}` }
}

function addVoid(sql: Sql, certificate: KnownCertificate): void {
  addCertificate(sql, certificate)
  markRefusedChanged(sql)
}

/** What an enrolment that has ended had used up. */
export interface Ended {
  readonly device: string
  readonly keySha256: string
  readonly claimant: string
}

/** Ends an enrolment for which nothing will be signed; undefined where it was over already. */
export function endEnrolment(sql: Sql, id: string, because: string): Ended | undefined {
  const [row] = sql.all(
    `UPDATE enrolments SET state = 'failed', because = ?
     WHERE id = ? AND state IN ('waiting', 'signing') RETURNING device, key_sha256, claimant`,
    because,
    id,
  )
  return row && endedOf(row)
}

/** Ends what a device waits for: it was not approved. */
export function endWaiting(sql: Sql, device: string, because: string): readonly Ended[] {
  const rows = sql.all(
    `UPDATE enrolments SET state = 'failed', because = ?
     WHERE device = ? AND state = 'waiting' RETURNING device, key_sha256, claimant`,
    because,
    device,
  )
  return rows.map(endedOf)
}

const endedOf = (row: SqlRow): Ended => ({
  device: String(row['device']),
  keySha256: String(row['key_sha256']),
  claimant: String(row['claimant']),
})
