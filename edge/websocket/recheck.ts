import { equalBytes } from '#shared/bytes.ts'
import { freshBudget } from '#shared/path/budget.ts'
import type { VerifiedPath } from '#shared/path/candidate-path.ts'
import { checkStanding } from '#shared/path/validate.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'
import { albSerial } from '#shared/wire/serial.ts'
import { nameKey } from '#shared/x509/name.ts'
import type { Ports } from '../context.ts'
import type { ListenerPolicy } from '../listener.ts'
import type { Recheck } from './held-session.ts'

/**
 * The path that an accepted device was let in by. Without one there is nothing to ask again: a session
 * that rests on a platform's word alone could not be cut.
 */
export function pathOf(decision: Decision): VerifiedPath | undefined {
  const basis = decision.outcome === 'accepted' ? decision.basis : undefined
  return basis?.kind === 'path' ? basis.path : undefined
}

/** Asks whether a path is still to be let in, as a new request with it would be. */
export function recheckOf(
  path: VerifiedPath,
  { policy }: ListenerPolicy,
  { trustStore, clock, verifier, crls }: Pick<Ports, 'trustStore' | 'clock' | 'verifier' | 'crls'>,
): Recheck {
  return async () => {
    const store = await trustStore.current()
    if (store === undefined) return withoutStore(path)
    const now = clock.now()
    const context = { store, policy, now, verifier, crls, budget: freshBudget() }
    const again = await checkStanding(path, context)
    if (!again.ok) return again.error
    return checkAnchored(path, store)
  }
}

/** Nobody can say whether it is revoked: not even which lists there are. */
function withoutStore({ certificates: [leaf] }: VerifiedPath): Rejection {
  return { code: 'revocation_unknown', at: 0, serial: albSerial(leaf.serial), gap: 'absent' }
}

/** An anchor that is trusted no longer trusts nothing. */
function checkAnchored(
  { certificates, anchor: { subject, spki } }: VerifiedPath,
  store: TrustStore,
): Rejection | undefined {
  const named = store.anchorsBySubject.get(nameKey(subject)) ?? []
  if (named.some((each) => equalBytes(each.spki, spki))) return undefined
  return { code: 'untrusted', at: certificates.length - 1, issuer: subject }
}
