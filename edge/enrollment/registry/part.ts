import type { Bytes } from '#shared/bytes.ts'
import type { Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { migrate } from '../../sqlite/migrate.ts'
import type { Sql } from '../../sqlite/sql.ts'
import * as authorities from './authorities.ts'
import { begin, type EnrolmentOrder } from './begin.ts'
import * as bindings from './bindings.ts'
import { certificatesOf, revokedOf, type CertificateFacts } from './certificates.ts'
import * as claims from './claims.ts'
import * as devices from './devices.ts'
import { enrolmentsOf } from './enrolment-rows.ts'
import { recall, type EnrolmentRules } from './recall.ts'
import type { DeviceStatus, EnrolmentAttempt } from './registry.ts'
import * as refused from './refused-rows.ts'
import { registrySteps } from './schema.ts'
import { endEnrolment, endWaiting, recordIssued, type Ended } from './settle.ts'
import * as transfer from './transfer-rows.ts'
import type { Device, IssuedCertificate } from './device.ts'

/** A change of a device's status, and the requests that waited for it and are over with it. */
export interface StatusChange {
  readonly device: Device
  readonly ended: readonly Ended[]
}

/**
 * One part of the registry over one database: devices of one share of the names, or bindings of one
 * share of the digests, or claims, or the rules. Everything in it happens one after the other.
 */
export type RegistryPart = ReturnType<typeof functionsOf>

/** Opens the part that lies in a database, or an empty one. */
export function openRegistryPart(sql: Sql): RegistryPart {
  migrate(sql, registrySteps)
  return functionsOf(sql)
}

const functionsOf = (sql: Sql) => ({ ...devicesPart(sql), ...sharedParts(sql) })

const noDatabase = (): never => {
  throw new Error('this part has no database')
}

/** What a part may be asked, by name. */
export const partFunctions: readonly string[] = Object.keys(
  functionsOf({ all: noDatabase, transaction: noDatabase }),
)

function devicesPart(sql: Sql) {
  const atOnce = <Value>(work: () => Value): Value => sql.transaction(work)
  return {
    device: (name: string) => devices.deviceByName(sql, name),
    devices: (page: devices.DevicePage) => devices.devicesOf(sql, page),
    counts: () => devices.countDevices(sql),
    history: (name: string, limit: number) => devices.historyOf(sql, name, limit),
    certificates: (name: string) => certificatesOf(sql, name),
    enrolments: (name: string, limit: number) => enrolmentsOf(sql, name, limit),
    recall: (attempt: EnrolmentAttempt, now: Instant, rules: EnrolmentRules) =>
      recall(sql, attempt, now, rules),
    begin: (order: EnrolmentOrder, now: Instant, rules: EnrolmentRules) =>
      atOnce(() => begin(sql, order, now, rules)),
    recordIssued: (
      id: string,
      signed: { readonly certificate: Bytes; readonly facts: CertificateFacts },
      now: Instant,
    ) => atOnce(() => recordIssued(sql, id, signed, now)),
    endEnrolment: (id: string, because: string) => atOnce(() => endEnrolment(sql, id, because)),
    setStatus: (
      name: string,
      status: DeviceStatus,
      word: devices.Word,
    ): Result<StatusChange, devices.DeviceRefusal> =>
      atOnce(() => {
        const device = devices.setStatus(sql, name, status, word)
        if (!device.ok) return device
        const isOver = status === 'revoked' || status === 'retired'
        const ended = isOver ? endWaiting(sql, name, `${name} is ${status}`) : []
        return { ok: true, value: { device: device.value, ended } }
      }),
    setClasses: (name: string, classes: readonly string[], word: devices.Word) =>
      atOnce(() => devices.setClasses(sql, name, classes, word)),
    suspendClass: (name: string, word: devices.Word | 'resume') =>
      atOnce(() => devices.suspendClass(sql, name, word)),
    suspendedClasses: () => devices.suspendedClasses(sql),
    importDevices: (rows: readonly transfer.TransferredDevice[], word: devices.Word) =>
      atOnce(() => transfer.importDevices(sql, rows, word)),
    exportDevices: (page: devices.DevicePage) => transfer.exportDevices(sql, page),
    metBefore: (sight: Pick<transfer.FirstSight, 'device' | 'certificate'>) =>
      transfer.metBefore(sql, sight),
    meet: (sight: transfer.FirstSight, at: Instant) =>
      atOnce(() => transfer.meetDevice(sql, sight, at)),
    revokeCertificate: (
      certificate: Pick<IssuedCertificate, 'issuerKeyId' | 'serial'>,
      at: Instant,
    ) => atOnce(() => transfer.revokeCertificate(sql, certificate, at)),
    revoked: (issuerKeyId: string, page: { readonly after: string; readonly limit: number }) =>
      revokedOf(sql, issuerKeyId, page),
    refusedState: () => refused.refusedState(sql),
    refusedContent: () => atOnce(() => refused.refusedContent(sql)),
    refusedWritten: (written: Parameters<typeof refused.refusedWritten>[1]) =>
      refused.refusedWritten(sql, written),
  }
}

function sharedParts(sql: Sql) {
  const atOnce = <Value>(work: () => Value): Value => sql.transaction(work)
  return {
    bind: (all: readonly bindings.Binding[]) =>
      atOnce(() => all.map((each) => bindings.bind(sql, each))),
    unbind: (binding: bindings.Binding, how: 'once' | 'all') =>
      atOnce(() => bindings.unbind(sql, binding, how)),
    bindForGood: (all: readonly bindings.Binding[]) =>
      atOnce(() => all.map((each) => bindings.bindForGood(sql, each))),
    owner: (what: string) => bindings.ownerOf(sql, what),
    forgetBinding: (what: string) => bindings.forgetBinding(sql, what),

    addClaim: (claim: claims.Claim) => claims.addClaim(sql, claim),
    reserveClaim: (
      secretSha256: string,
      use: { readonly device: string; readonly keySha256: string },
      now: Instant,
    ) => atOnce(() => claims.reserveClaim(sql, secretSha256, use, now)),
    giveClaimBack: (
      secretSha256: string,
      use: { readonly device: string; readonly keySha256: string },
      how: 'once' | 'all',
    ) => atOnce(() => claims.giveClaimBack(sql, secretSha256, use, how)),
    revokeClaim: (id: string, at: Instant) => claims.revokeClaim(sql, id, at),
    claims: (page: { readonly after: string; readonly limit: number }) =>
      claims.claimsOf(sql, page),

    ruleFor: (cas: readonly string[]) => authorities.ruleFor(sql, cas),
    takeFirstConnection: (cas: readonly string[]) =>
      atOnce(() => authorities.takeFirstConnection(sql, cas)),
    giveFirstConnectionBack: (keySha256: string) =>
      authorities.giveFirstConnectionBack(sql, keySha256),
    authority: (keySha256: string) => authorities.authorityByKey(sql, keySha256),
    authorities: () => authorities.authoritiesOf(sql),
    putAuthority: (authority: authorities.Authority) =>
      atOnce(() => authorities.putAuthority(sql, authority)),
    removeAuthority: (keySha256: string) =>
      atOnce(() => authorities.removeAuthority(sql, keySha256)),
    addChallenge: (nonce: string, until: Instant, now: Instant) =>
      atOnce(() => authorities.addChallenge(sql, nonce, until, now)),
    takeChallenge: (nonce: string, now: Instant) => authorities.takeChallenge(sql, nonce, now),
    addAudit: (line: Omit<authorities.AuditLine, 'id'>) => authorities.addAudit(sql, line),
    audit: (page: { readonly before: number; readonly limit: number }) =>
      authorities.auditOf(sql, page),
    settle: (name: string, value: string) => atOnce(() => settle(sql, name, value)),
  }
}

/** What was settled under a name: this value, where it is the first. */
function settle(sql: Sql, name: string, value: string): string {
  sql.all('INSERT OR IGNORE INTO settings VALUES (?, ?)', name, value)
  const [row] = sql.all('SELECT value FROM settings WHERE name = ?', name)
  return String(row?.['value'])
}
