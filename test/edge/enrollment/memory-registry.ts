import type { DeviceRegistry } from '#edge/enrollment/registry/device-registry.ts'
import type {
  Admission,
  EnrolmentAttempt,
  EnrolmentRefusal,
  EnrolmentRegistry,
} from '#edge/enrollment/registry/registry.ts'
import type { RevokedCertificates } from '#edge/enrollment/crl-of-registry.ts'
import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { shift, type Clock, type Instant } from '#shared/time.ts'
import { dayMs } from '../../runtime/given.ts'

/** A registry that says yes once a request, and remembers; or what a test has it say. */
export interface MemoryRegistry
  extends EnrolmentRegistry, RevokedCertificates, Pick<DeviceRegistry, 'firstConnection'> {
  readonly attempts: EnrolmentAttempt[]
  readonly issuedCertificates: ReadonlyMap<string, Bytes>
  readonly failures: string[]
  /** By serial. */
  readonly revoked: { serial: string; notAfter: Instant; revokedAt: Instant }[]
  /** In place of the next answers. */
  readonly scripted: (Result<Admission, EnrolmentRefusal> | Error)[]
}

export function memoryRegistry(clock: Clock): MemoryRegistry {
  const attempts: EnrolmentAttempt[] = []
  const failures: string[] = []
  const revoked: MemoryRegistry['revoked'] = []
  const scripted: MemoryRegistry['scripted'] = []
  const issued = new Map<string, Bytes>()
  return {
    attempts,
    failures,
    scripted,
    issuedCertificates: issued,
    async admit(attempt) {
      attempts.push(attempt)
      const said = scripted.shift()
      if (said instanceof Error) throw said
      if (said !== undefined) return said
      const certificate = issued.get(attempt.requestSha256)
      if (certificate !== undefined) return ok({ kind: 'issued', certificate })
      const now = clock.now()
      return ok({
        kind: 'sign',
        enrolment: attempt.requestSha256,
        serial: `7F${attempt.requestSha256.slice(0, 30).toUpperCase()}`,
        notBefore: shift(now, -60_000),
        notAfter: shift(now, 90 * dayMs),
      })
    },
    async issued(enrolment, certificate) {
      const before = issued.get(enrolment)
      if (before !== undefined && !equalBytes(before, certificate)) return before
      issued.set(enrolment, certificate)
      return certificate
    },
    revoked,
    async revokedOf(_issuerKeyId, { after, limit }) {
      return revoked.filter(({ serial }) => serial > after).slice(0, limit)
    },
    async firstConnection() {
      return err({ code: 'ca_unknown', because: 'no CA of the path is registered' })
    },
    async failed(_enrolment, because) {
      failures.push(because)
    },
  }
}

export const refusedWith = (code: EnrolmentRefusal['code']): Result<Admission, EnrolmentRefusal> =>
  err({ code, because: `because of ${code}` })
