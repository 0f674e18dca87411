import { verify } from '#shared/verify.ts'
import { relyingParty, trust, withoutRevocation } from '../relying-party.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { root, type Attack } from './attacks.ts'

/** What became of an attack. */
export interface Outcome {
  /** 'accepted', the code of the reason, or the budget that was used up. */
  readonly refused: string
  /** Signatures that were looked at, whoever asked. */
  readonly signatures: number
}

/** Sets a relying party up for an attack; each call of what it returns is one decision, from nothing. */
export async function prepare(attack: Attack): Promise<() => Promise<Outcome>> {
  const { crls = [], limits = {}, policy = withoutRevocation } = attack
  const store = await trust({ anchors: [root], crls, limits })
  return async () => {
    const verifier = countingVerifier()
    const party = relyingParty(store, { policy, verifier, crls: createAuthenticatedCrls(verifier) })
    const { leaf, intermediates } = attack
    const decision = await verify({ kind: 'chain', leaf, intermediates }, party)
    const signatures = verifier.asked()
    if (decision.outcome === 'accepted') return { refused: 'accepted', signatures }
    const { rejection } = decision
    const refused = rejection.code === 'budget_exhausted' ? rejection.budget : rejection.code
    return { refused, signatures }
  }
}

function countingVerifier(): SignatureVerifier & { asked(): number } {
  const real = createWebCryptoVerifier()
  let count = 0
  return {
    ...real,
    verify: (input) => {
      count += 1
      return real.verify(input)
    },
    asked: () => count,
  }
}
