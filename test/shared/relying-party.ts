import { type FreshnessPolicy, strictFreshness } from '#shared/revocation/freshness.ts'
import type { Bytes } from '#shared/bytes.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import {
  buildTrustStore,
  defaultLimits,
  type Limits,
  type RevokedSerial,
  type TrustStore,
} from '#shared/trust-store/trust-store.ts'
import type { Verification } from '#shared/verify.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { crlOf } from './crls.ts'
import { certificateOf, noon, type Entity } from './pki.ts'

interface Trust {
  readonly anchors: readonly Entity[]
  readonly intermediates?: readonly Entity[]
  readonly crls?: readonly Bytes[]
  readonly revokedSerials?: readonly RevokedSerial[]
  readonly epoch?: number
  readonly limits?: Partial<Limits>
}

export function trust(parts: Trust): Promise<TrustStore> {
  return buildTrustStore({
    anchors: parts.anchors.map(certificateOf),
    intermediates: (parts.intermediates ?? []).map(certificateOf),
    crls: (parts.crls ?? []).map(crlOf),
    revokedSerials: parts.revokedSerials ?? [],
    epoch: parts.epoch ?? 1,
    limits: { ...defaultLimits, ...parts.limits },
  })
}

/** Takes whom nobody revoked, list or no list. */
export const lenientFreshness: FreshnessPolicy = { graceMs: 0, stale: 'accept', absent: 'accept' }

/** The strict policy, but nobody asks for revocation: for tests of everything else. */
export const withoutRevocation: VerificationPolicy = {
  ...strictPolicy,
  revocation: { of: 'none', freshness: strictFreshness },
}

const verifier = createWebCryptoVerifier()

/** A relying party at noon of the tests. */
export function relyingParty(store: TrustStore, changes: Partial<Verification> = {}): Verification {
  return {
    store,
    policy: withoutRevocation,
    now: noon,
    verifier,
    crls: createAuthenticatedCrls(verifier),
    ...changes,
  }
}
