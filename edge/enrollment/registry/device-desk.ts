import { err, ok, type Result } from '#shared/result.ts'
import { malformedClass, type Context, type StatusAnswer } from './context.ts'
import type { RegistryRefusal } from './refusal.ts'
import { letGoOf } from './admit.ts'
import type { KnownCertificate } from './certificates.ts'
import type { Device, HistoryEntry, IssuedCertificate } from './device.ts'
import type { DevicePage, SuspendedClass } from './devices.ts'
import type { EnrolmentRow } from './enrolment-rows.ts'
import type { Published } from './publish.ts'
import type { DeviceStatus } from './registry.ts'

/** All that is known of one device. */
export interface DeviceDetails extends Device {
  readonly history: readonly HistoryEntry[]
  readonly certificates: readonly KnownCertificate[]
  readonly enrolments: readonly EnrolmentRow[]
}

/** Of the history and the enrolments of a device: what a page shows. */
const detailsMax = 100

/** What operators ask of one device after the other. */
export function devicesOf(context: Context) {
  const { parts, clock } = context
  const word = (by: string, because: string) => ({ at: clock.now(), by, because })
  return {
    async device(name: string): Promise<DeviceDetails | undefined> {
      const part = parts.ofDevice(name)
      const device = await part.device(name)
      if (device === undefined) return undefined
      const [history, certificates, enrolments] = await Promise.all([
        part.history(device.name, detailsMax),
        part.certificates(device.name),
        part.enrolments(device.name, detailsMax),
      ])
      return { ...device, history, certificates, enrolments }
    },
    /** By name, over all parts. */
    async devices(page: DevicePage): Promise<readonly Device[]> {
      const pages = await Promise.all(parts.devices.map((part) => part.devices(page)))
      return firstByName(pages.flat(), page.limit)
    },
    async counts(): Promise<Readonly<Record<DeviceStatus, number>>> {
      const all = await Promise.all(parts.devices.map((part) => part.counts()))
      const sum = (status: DeviceStatus) => all.reduce((total, each) => total + each[status], 0)
      return {
        pending: sum('pending'),
        active: sum('active'),
        suspended: sum('suspended'),
        revoked: sum('revoked'),
        retired: sum('retired'),
      }
    },
    /** Makes of a device what may become of it. The trust stores know before it is answered. */
    async setStatus(
      name: string,
      status: DeviceStatus,
      by: string,
      because: string,
    ): Promise<Result<StatusAnswer, RegistryRefusal>> {
      const part = parts.ofDevice(name)
      const changed = await part.setStatus(name, status, word(by, because))
      if (!changed.ok) return changed
      await letGoOf(changed.value.ended, parts)
      return ok({ device: changed.value.device, published: await context.publishNow() })
    },
    async setClasses(
      name: string,
      classes: readonly string[],
      by: string,
    ): Promise<Result<StatusAnswer, RegistryRefusal>> {
      const malformed = malformedClass(classes)
      if (malformed !== undefined) return err(malformed)
      const why = word(by, `classes: ${classes.join(', ') || 'none'}`)
      const device = await parts.ofDevice(name).setClasses(name, classes, why)
      return device.ok
        ? ok({ device: device.value, published: await context.publishNow() })
        : device
    },
  }
}

/** What operators ask beside single devices. */
export function classesOf(context: Context) {
  const { parts, clock } = context
  const word = (by: string, because: string) => ({ at: clock.now(), by, because })
  return {
    /** Suspends a class, or ends that. The rules' own part says it first, so that a crash leaves no half. */
    async suspendClass(
      name: string,
      by: string,
      because: string | undefined,
    ): Promise<Result<readonly Published[], RegistryRefusal>> {
      const malformed = malformedClass([name])
      if (malformed !== undefined) return err(malformed)
      await context.settled()
      const isResumed = because === undefined
      const why = isResumed ? 'resume' : word(by, because)
      await parts.rules.suspendClass(name, why)
      const what = isResumed ? `class ${name} resumed` : `class ${name} suspended: ${because}`
      await parts.rules.addAudit({ at: clock.now(), by, what })
      await Promise.all(parts.devices.map((part) => part.suspendClass(name, why)))
      return ok(await context.publishNow())
    },
    suspendedClasses: (): Promise<readonly SuspendedClass[]> => parts.rules.suspendedClasses(),
    /** Revokes one certificate for good. */
    async revokeCertificate(
      device: string,
      certificate: Pick<IssuedCertificate, 'issuerKeyId' | 'serial'>,
      by: string,
    ): Promise<Result<readonly Published[], RegistryRefusal>> {
      const isKnown = await parts.ofDevice(device).revokeCertificate(certificate, clock.now())
      if (!isKnown) {
        const because = `${device} has no certificate ${certificate.serial} of this issuer`
        return err({ code: 'certificate_not_found', because })
      }
      const what = `certificate ${certificate.serial} of ${device} revoked`
      await parts.rules.addAudit({ at: clock.now(), by, what })
      return ok(await context.publishNow())
    },
    /** A page of each part: the revoked certificates of one issuer, for its list. */
    async revokedOf(
      issuerKeyId: string,
      page: { readonly after: string; readonly limit: number },
    ): Promise<readonly KnownCertificate[]> {
      const pages = await Promise.all(parts.devices.map((part) => part.revoked(issuerKeyId, page)))
      return pages
        .flat()
        .toSorted((a, b) => (a.serial < b.serial ? -1 : 1))
        .slice(0, page.limit)
    },
    /** A key that was a device's may be another's from now on. */
    async forgetKey(keySha256: string, by: string): Promise<Result<void, RegistryRefusal>> {
      const what = `key ${keySha256}`
      const isForgotten = await parts.ofBinding(what).forgetBinding(what)
      if (!isForgotten) {
        return err({ code: 'binding_not_found', because: 'the key is no device’s' })
      }
      await parts.rules.addAudit({ at: clock.now(), by, what: `forgot ${what}` })
      return ok(undefined)
    },
  }
}

/** Of so many, sorted by name, the first. */
export function firstByName<Named extends { readonly name: string }>(
  all: readonly Named[],
  limit: number,
): readonly Named[] {
  // By code units, as SQLite compares: no locale has a word in this.
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1)).slice(0, limit)
}
