import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { VerificationPolicy } from './policy.ts'

/** What a path is verified under, but for the time and the CRLs. */
export interface Terms {
  readonly store: TrustStore
  readonly policy: VerificationPolicy
  readonly verifier: SignatureVerifier
}

/** The same without the store, whose lists would stay as long as they: its trust hash stands for its certificates. */
export interface KeptTerms extends Pick<Terms, 'policy' | 'verifier'> {
  readonly trustHash: string
  readonly limits: TrustStore['limits']
}

export function keptTerms({ store: { trustHash, limits }, policy, verifier }: Terms): KeptTerms {
  return { trustHash, limits, policy, verifier }
}

/** Whether what was kept under terms holds under others: they are the same. */
export function isUnder(kept: KeptTerms, { store, policy, verifier }: Terms): boolean {
  return (
    kept.trustHash === store.trustHash &&
    kept.limits === store.limits &&
    kept.policy === policy &&
    kept.verifier === verifier
  )
}
