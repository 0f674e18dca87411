import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import type { PathIndex, Rejection, RevocationGap } from '#shared/verdict/rejection.ts'
import { albSerial } from '#shared/wire/serial.ts'
import type { IssuerCrls } from '#shared/revocation/authenticated-crls.ts'
import type { RevocationQuestion } from '#shared/revocation/scope.ts'
import { revocationStatus } from '#shared/revocation/status.ts'
import type { VerificationPolicy } from '../policy.ts'

/**
 * RFC 5280 6.3: one certificate's status by its issuer's CRLs. Decided on every request, never
 * remembered: a handshake or a session that was good says nothing of now.
 */
export function checkRevocation(
  question: RevocationQuestion,
  at: PathIndex,
  lists: Pick<IssuerCrls, 'crls' | 'forged'>,
  policy: VerificationPolicy,
  now: Instant,
): Result<void, Rejection> {
  const status = revocationStatus(lists.crls, question, now, policy.revocation.freshness)
  const serial = albSerial(question.serial)
  switch (status.status) {
    case 'good':
      return ok(undefined)
    case 'revoked':
      return err({ code: 'revoked', at, serial, since: status.since })
    case 'unknown': {
      const gap = status.gap === 'absent' && lists.forged ? 'forged' : status.gap
      // A list is there, and none that its issuer signed: no gap to wave through, but an alarm.
      if (gap !== 'forged' && isTaken(gap, policy)) return ok(undefined)
      return err({ code: 'revocation_unknown', at, serial, gap })
    }
  }
}

/** Where a policy speaks of freshness, that decides what is stale; the word for the unknown the rest. */
function isTaken(gap: RevocationGap, { revocation }: VerificationPolicy): boolean {
  if (gap === 'stale' && revocation.freshness !== undefined) return false
  return revocation.unknown === 'accept'
}
