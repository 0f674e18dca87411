import { strictPolicy } from '#shared/path/policy.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { buildTrustStore, defaultLimits } from '#shared/trust-store/trust-store.ts'
import type { Verification } from '#shared/verify.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { benchNow, octetsOf, type Fixture } from './operation.ts'

/** A verification as the edge has it at each request: store, lists and keys at hand. */
export async function relyingParty(
  fixture: Fixture,
  verifier: SignatureVerifier,
): Promise<Verification> {
  const anchors = [valueOf(parseCertificate(octetsOf(fixture, 'root')))]
  const crls = ['rootCrl', 'crl'].map((name) => valueOf(parseCrl(octetsOf(fixture, name))))
  const parts = { anchors, intermediates: [], crls, epoch: 1, limits: defaultLimits }
  return {
    store: await buildTrustStore(parts),
    policy: strictPolicy,
    now: benchNow,
    verifier,
    crls: createAuthenticatedCrls(verifier),
  }
}

export function valueOf<Value>(
  result:
    | { readonly ok: true; readonly value: Value }
    | { readonly ok: false; readonly error: unknown },
): Value {
  if (result.ok) return result.value
  throw new Error(JSON.stringify(result.error))
}
