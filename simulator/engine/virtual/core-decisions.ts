import { identityText } from '#shared/identity/identity-text.ts'
import { createCaches, type Caches } from '#shared/caches.ts'
import { freshBudget } from '#shared/path/budget.ts'
import type { VerifiedPath } from '#shared/path/candidate-path.ts'
import type { VerificationPolicy } from '#shared/path/policy.ts'
import type { CrlIssuer } from '#shared/revocation/authenticated-crls.ts'
import { checkStanding } from '#shared/path/validate.ts'
import type { Instant } from '#shared/time.ts'
import { verify } from '#shared/verify.ts'
import type { DeviceCredential } from '../../ca/authority.ts'
import type { Observation } from '../../oracle/attempt.ts'
import type { TrustTimeline } from './snapshots.ts'

/** A credential, and what was found of it when it last was verified whole. */
export interface Carried {
  readonly credential: DeviceCredential
  /** Under one policy; another phase's is verified anew. */
  found:
    | {
        readonly path: VerifiedPath
        readonly policy: VerificationPolicy
        readonly accepted: Observation
        /** The same of an open MQTT session, which answers without naming anybody. */
        readonly unnamed: Observation
      }
    | undefined
}

/** The decisions of the verification core, without an app around it. */
export interface CoreDecisions {
  /** At once where the path is known and stands; else whole, signatures and all. */
  decide(
    carried: Carried,
    policy: VerificationPolicy,
    at: Instant,
  ): Observation | Promise<Observation>
  /** Decisions so far that verified a path whole, and that asked a known one again. */
  readonly counts: { whole: number; again: number }
}

const latencyMs = 0

/**
 * What an edge keeps of leaves lives hold themselves: their credential, whose octets nobody writes to,
 * and the path that was found (`Carried.found`). Kept here as well they would outlive the lives.
 */
const nothingOfLeaves: Pick<Caches, 'paths' | 'copied'> = {
  paths: { find: () => undefined, keep: () => {} },
  copied: (lent) => lent,
}

/**
 * What the edge does of a request without a session: a path that was verified before is asked about
 * its validity and every revocation anew (`checkStanding`, as for each request over a held
 * connection); any other, and one that does not stand, is verified whole.
 */
export function createCoreDecisions(trust: TrustTimeline): CoreDecisions {
  const { storeAt, verifier, crls } = trust
  const caches = { ...createCaches(), ...nothingOfLeaves }
  const counts = { whole: 0, again: 0 }
  const warmed = new WeakSet<CrlIssuer>()
  /** The lists of an issuer are known by the very object that paths have of it, in every snapshot. */
  const warm = async ({ certificates: [, ...issuers], anchor }: VerifiedPath): Promise<void> => {
    for (const issuer of [...issuers, anchor.certificate]) {
      if (warmed.has(issuer)) continue
      warmed.add(issuer)
      for (const store of trust.stores) await crls.of(store, issuer)
    }
  }
  const whole = async (
    carried: Carried,
    policy: VerificationPolicy,
    now: Instant,
  ): Promise<Observation> => {
    counts.whole += 1
    const { leafDer: leaf, intermediateDer } = carried.credential
    const presented = { kind: 'chain', leaf, intermediates: [intermediateDer] } as const
    const verification = { store: storeAt(now), policy, now, verifier, crls, caches }
    const decision = await verify(presented, verification)
    if (decision.outcome === 'refused') {
      return { outcome: 'refused', code: decision.rejection.code, latencyMs }
    }
    const identitySerial = identityText(decision.identity).serial
    const accepted = { outcome: 'accepted', identitySerial, session: 'none', latencyMs } as const
    if (decision.basis.kind === 'path') {
      const { path } = decision.basis
      await warm(path)
      carried.found = {
        path,
        policy,
        accepted,
        unnamed: { ...accepted, identitySerial: undefined },
      }
    }
    return accepted
  }
  return {
    counts,
    decide(carried, policy, now) {
      const { found } = carried
      if (found === undefined || found.policy !== policy) return whole(carried, policy, now)
      const context = { store: storeAt(now), policy, now, verifier, crls, budget: freshBudget() }
      const standing = checkStanding(found.path, context)
      if (standing instanceof Promise) return whole(carried, policy, now)
      if (!standing.ok) return whole(carried, policy, now)
      counts.again += 1
      return found.accepted
    },
  }
}

/** What an open MQTT session tells of a decision: it names nobody. The same object each time where it can. */
export function withoutName(observation: Observation, { found }: Carried): Observation {
  if (observation.outcome !== 'accepted') return observation
  if (observation === found?.accepted) return found.unnamed
  return { ...observation, identitySerial: undefined }
}

/** What the core says, where the whole app says the same; else it is told as broken, with both. */
export function agreed(core: Observation, app: Observation): Observation {
  if (JSON.stringify(core) === JSON.stringify(app)) return core
  const detail = `the core says ${JSON.stringify(core)}, the whole app ${JSON.stringify(app)}`
  return { outcome: 'broken', detail, latencyMs }
}
