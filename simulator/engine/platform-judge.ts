import crypto from 'node:crypto'
import { strictFreshness } from '#shared/revocation/freshness.ts'
import type { Bytes } from '#shared/bytes.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import type { Instant } from '#shared/time.ts'
import { albLimits, buildTrustStore, type TrustStore } from '#shared/trust-store/trust-store.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import { verify } from '#shared/verify.ts'
import { decodePem } from '#shared/wire/pem.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import { createRememberingVerifier } from '#shared/x509/remembering-verifier.ts'
import type { Authority } from '../ca/authority.ts'
import type { Judge } from '../front/profile.ts'
import type { FrontProfileName } from '../scenario/scenario.ts'

/** What the TLS terminator itself makes of a client's chain, by the run's clock. */
export interface PlatformJudge {
  readonly judge: Judge
  /** Hands the platform a CRL: ALB's trust store takes them, no other knows any. */
  take(name: string, octets: Uint8Array): void
  /** Uploads CAs in place of those it had: what is operated with the edge's own trust store. */
  trust(name: 'anchors.pem' | 'intermediates.pem', pem: string): void
}

/** ALB asks its lists for the whole chain; the others verify against uploaded CAs, and no list. */
function revocationOf(profile: FrontProfileName): VerificationPolicy['revocation'] {
  return { of: profile === 'alb' ? 'chain' : 'none', freshness: strictFreshness }
}

export function createPlatformJudge(
  profile: FrontProfileName,
  authority: Authority,
): PlatformJudge {
  const verifier = createRememberingVerifier(createNodeVerifier(crypto))
  const crls = createAuthenticatedCrls(verifier)
  let anchors = certificatesOf(authority.anchorsPem)
  let intermediates = certificatesOf(authority.intermediatesPem)
  const lists = new Map<string, Crl>()
  let store: TrustStore | undefined
  const decide = async (
    chain: readonly Bytes[],
    now: Instant,
    expired: 'refuse' | 'allow',
  ): Promise<Decision> => {
    store ??= await buildTrustStore({
      anchors,
      intermediates,
      crls: [...lists.values()],
      epoch: 0,
      limits: albLimits,
    })
    const [leaf, ...rest] = chain
    const policy = {
      ...strictPolicy,
      expired: { word: expired },
      revocation: revocationOf(profile),
    }
    const presented =
      leaf === undefined
        ? { kind: 'none' as const }
        : { kind: 'chain' as const, leaf, intermediates: rest }
    return verify(presented, { store, policy, now, verifier, crls })
  }
  return {
    take(name, octets) {
      const parsed = parseCrl(new Uint8Array(octets))
      if (!parsed.ok)
        throw new Error(`${name}, byte ${parsed.error.offset}: expected ${parsed.error.expected}`)
      lists.set(name, parsed.value)
      store = undefined
    },
    trust(name, pem) {
      if (name === 'anchors.pem') anchors = certificatesOf(pem)
      else intermediates = certificatesOf(pem)
      store = undefined
    },
    async judge(chain, at) {
      if (chain.length === 0) return { kind: 'none' }
      const strict = await decide(chain, at, 'refuse')
      if (strict.outcome === 'accepted') return { kind: 'success' }
      if (strict.rejection.code !== 'expired')
        return { kind: 'failed', rejection: strict.rejection }
      // "Expired" is said only of what is good in all else: a listener may let that in.
      const lenient = await decide(chain, at, 'allow')
      const rejection = lenient.outcome === 'refused' ? lenient.rejection : strict.rejection
      return { kind: 'failed', rejection }
    },
  }
}

/** The certificates of an authority's own PEM; throws an Error where they cannot be read. */
export function certificatesOf(pem: string): Certificate[] {
  const ders = decodePem(pem, 'CERTIFICATE')
  if (!ders.ok)
    throw new Error(
      `the authority's own PEM, line ${ders.error.line}: expected ${ders.error.expected}`,
    )
  return ders.value.map((der) => {
    const parsed = parseCertificate(der)
    if (!parsed.ok)
      throw new Error(`the authority's own certificate: expected ${parsed.error.expected}`)
    return parsed.value
  })
}
