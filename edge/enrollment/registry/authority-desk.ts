import { toHex } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { shift, type Instant } from '#shared/time.ts'
import { authoritiesMax, type Authority, type AuthorityChange } from './authorities.ts'
import { malformedClass, type Context } from './context.ts'
import type { RegistryRefusal } from './refusal.ts'
import { checkCaProof, type CaProof } from './proof-of-possession.ts'

/** A nonce waits as long as it takes to have a certificate made of it. */
const challengeMs = 86_400_000

/** CAs, as operators register and change them. */
export function authoritiesOf({ parts, clock, random, verifier, settled }: Context) {
  return {
    /** A nonce for the owner of a CA to put into a verification certificate as its common name. */
    async challenge(): Promise<{ readonly nonce: string; readonly until: Instant }> {
      await settled()
      const now = clock.now()
      const challenge = { nonce: toHex(random(20)), until: shift(now, challengeMs) }
      await parts.rules.addChallenge(challenge.nonce, challenge.until, now)
      return challenge
    },
    /** Registers a CA below which devices enrol, once its key is proven. */
    async registerAuthority(
      proof: CaProof,
      settings: Pick<Authority, 'approval' | 'firstConnection' | 'firstConnectionsMax' | 'classes'>,
      by: string,
    ): Promise<Result<Authority, RegistryRefusal>> {
      const malformed = malformedClass(settings.classes)
      if (malformed !== undefined) return err(malformed)
      const now = clock.now()
      const ca = await checkCaProof(proof, { verifier, now })
      if (!ca.ok) return err({ code: 'ca_not_proven', because: ca.error })
      const { nonce, ...proven } = ca.value
      if (!(await parts.rules.takeChallenge(nonce, now))) {
        const because = 'the common name of the verification certificate is no nonce of ours'
        return err({ code: 'ca_not_proven', because })
      }
      if ((await parts.rules.authorities()).length >= authoritiesMax) {
        return err({ code: 'too_many_cas', because: `at most ${authoritiesMax} CAs are taken` })
      }
      const authority = {
        ...proven,
        ...settings,
        status: 'enabled',
        madeAt: now,
        madeBy: by,
      } as const
      await parts.rules.putAuthority(authority)
      await parts.rules.addAudit({ at: now, by, what: `CA ${proven.name} registered` })
      return ok(authority)
    },
    authorities: (): Promise<readonly Authority[]> => parts.rules.authorities(),
    async changeAuthority(
      keySha256: string,
      change: AuthorityChange,
      by: string,
    ): Promise<Result<Authority, RegistryRefusal>> {
      const malformed = malformedClass(change.classes ?? [])
      if (malformed !== undefined) return err(malformed)
      const before = await parts.rules.authority(keySha256)
      if (before === undefined) return err(noAuthority)
      const authority = { ...before, ...change }
      await parts.rules.putAuthority(authority)
      const what = `CA ${before.name} changed: ${JSON.stringify(change)}`
      await parts.rules.addAudit({ at: clock.now(), by, what })
      return ok(authority)
    },
    async removeAuthority(keySha256: string, by: string): Promise<Result<void, RegistryRefusal>> {
      if (!(await parts.rules.removeAuthority(keySha256))) return err(noAuthority)
      await parts.rules.addAudit({ at: clock.now(), by, what: `CA ${keySha256} removed` })
      return ok(undefined)
    },
  }
}

const noAuthority: RegistryRefusal = { code: 'ca_not_found', because: 'no such CA is registered' }
