import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { identityOfFields, identityOfLeaf } from './identity/device-identity.ts'
import { buildVerifiedPath } from './path/build.ts'
import { freshBudget, type Budget } from './path/budget.ts'
import type { VerificationPolicy } from './path/policy.ts'
import type { AuthenticatedCrls } from './revocation/authenticated-crls.ts'
import type { TrustStore } from './trust-store/trust-store.ts'
import type { Basis, Decision } from './verdict/decision.ts'
import type { Presented } from './verdict/presented.ts'
import type { Rejection } from './verdict/rejection.ts'
import { albSerial } from './wire/serial.ts'
import type { Certificate } from './x509/certificate.ts'
import { parseCertificate } from './x509/parse.ts'
import type { SignatureVerifier } from './x509/signature.ts'

/** What a verification needs beside what was presented. */
export interface Verification {
  readonly store: TrustStore
  readonly policy: VerificationPolicy
  readonly now: Instant
  readonly verifier: SignatureVerifier
  readonly crls: AuthenticatedCrls
}

/**
 * Decides whether the device that presented this may come in: RFC 5280 section 6 from the leaf to
 * an anchor of the store, revocation included. Never throws for bad input; fails closed.
 */
export async function verify(presented: Presented, verification: Verification): Promise<Decision> {
  const budget = freshBudget()
  const spent = freshBudget().signatures
  const basis = await findBasis(presented, verification, budget)
  const evidence = {
    at: verification.now,
    epoch: verification.store.epoch,
    signaturesSpent: spent - budget.signatures,
  }
  if (!basis.ok) return { outcome: 'refused', rejection: basis.error, evidence }
  const { identity, ...rest } = basis.value
  return { outcome: 'accepted', identity, basis: rest.basis, evidence }
}

type Found = { readonly basis: Basis; readonly identity: ReturnType<typeof identityOfLeaf> }

async function findBasis(
  presented: Presented,
  verification: Verification,
  budget: Budget,
): Promise<Result<Found, Rejection>> {
  switch (presented.kind) {
    case 'none':
      return err({ code: 'no_certificate' })
    case 'withheld':
      return err({ code: 'certificate_withheld', what: presented.what })
    case 'malformed':
      return err({
        code: 'presentation_malformed',
        field: presented.field,
        expected: presented.expected,
      })
    case 'chain':
      return verifyChain(presented, verification, budget)
    case 'attested':
      if (presented.leaf !== undefined && verification.policy.attested === 'refuse') {
        return verifyChain({ leaf: presented.leaf, intermediates: [] }, verification, budget)
      }
      if (verification.policy.attested === 'refuse')
        return err({ code: 'attestation_insufficient' })
      return ok({ basis: { kind: 'attestation' }, identity: identityOfFields(presented.fields) })
  }
}

type PresentedChain = Omit<Extract<Presented, { kind: 'chain' }>, 'kind'>

async function verifyChain(
  presented: PresentedChain,
  verification: Verification,
  budget: Budget,
): Promise<Result<Found, Rejection>> {
  const size = checkSizes(presented, verification.store)
  if (!size.ok) return size
  const parsed = parseCertificate(presented.leaf)
  if (!parsed.ok) return err({ code: 'malformed_certificate', at: 0, ...parsed.error })
  const leaf = parsed.value
  const word = checkPlatformWord(presented, leaf)
  if (!word.ok) return word
  const pool = parsable(presented.intermediates)
  const path = await buildVerifiedPath(leaf, pool, { ...verification, budget })
  if (!path.ok) return path
  return ok({ basis: { kind: 'path', path: path.value }, identity: identityOfLeaf(leaf) })
}

/** A platform that revokes certificates of a CA of its own does so in no list we see: its word stands. */
function checkPlatformWord(presented: PresentedChain, leaf: Certificate): Result<void, Rejection> {
  if (presented.platformSaysRevoked !== true) return ok(undefined)
  return err({ code: 'revoked', at: 0, serial: albSerial(leaf.serial), since: undefined })
}

function checkSizes(
  { leaf, intermediates }: PresentedChain,
  { limits }: TrustStore,
): Result<void, Rejection> {
  if (intermediates.length > limits.presentedMax) {
    return err({ code: 'chain_too_deep', limit: limits.presentedMax })
  }
  const bytes = Math.max(leaf.length, ...intermediates.map((each) => each.length))
  if (bytes <= limits.certificateOctetsMax) return ok(undefined)
  return err({ code: 'certificate_too_large', bytes, limit: limits.certificateOctetsMax })
}

/** RFC 8446 4.4.2: certificates beside the path may be sent along; one that cannot be read is no issuer. */
function parsable(ders: readonly Bytes[]): Certificate[] {
  return ders.flatMap((der) => {
    const parsed = parseCertificate(der)
    return parsed.ok ? [parsed.value] : []
  })
}
