import type { Accepted } from '#edge/evidence/sign.ts'
import { instantFromIso } from '#shared/time.ts'

export const noon = instantFromIso('2026-06-15T12:00:00Z')

/** A car that was let in by its session, without a SPIFFE ID. */
export const accepted: Accepted = {
  outcome: 'accepted',
  identity: {
    serial: '2A',
    subject: 'CN=car-0001',
    issuer: 'CN=Root',
    spiffeId: undefined,
    notBefore: noon,
    notAfter: noon,
  },
  basis: { kind: 'session' },
  evidence: { at: noon, epoch: 7, signaturesSpent: 0 },
}
