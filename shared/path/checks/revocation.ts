import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Bytes } from '#shared/bytes.ts'
import { albSerial } from '#shared/wire/serial.ts'
import type { IssuerCrls } from '#shared/revocation/authenticated-crls.ts'
import { revocationStatus } from '#shared/revocation/status.ts'
import type { VerificationPolicy } from '../policy.ts'

/**
 * RFC 5280 6.3: one certificate's status by its issuer's CRLs. Decided on every request, never
 * remembered: a handshake or a session that was good says nothing of now.
 */
export function checkRevocation(
  serial: Bytes,
  at: PathIndex,
  issuer: IssuerCrls,
  policy: VerificationPolicy,
  now: Instant,
): Result<void, Rejection> {
  const status = revocationStatus(issuer.crls, serial, now)
  switch (status.status) {
    case 'good':
      return ok(undefined)
    case 'revoked':
      return err({ code: 'revoked', at, serial: albSerial(serial), since: status.since })
    case 'unknown': {
      const gap = status.gap === 'absent' && issuer.forged ? 'forged' : status.gap
      // A list is there, and none that its issuer signed: no gap to wave through, but an alarm.
      if (policy.revocation.unknown === 'accept' && gap !== 'forged') return ok(undefined)
      return err({ code: 'revocation_unknown', at, serial: albSerial(serial), gap })
    }
  }
}
