import { err, ok, type Result } from '#shared/result.ts'
import { after, type Soon } from '#shared/soon.ts'
import type { Instant } from '#shared/time.ts'
import type { PathIndex, Rejection, RevocationGap } from '#shared/verdict/rejection.ts'
import { albSerial } from '#shared/wire/serial.ts'
import type { IssuerCrls } from '#shared/revocation/authenticated-crls.ts'
import type { RevocationList } from '#shared/revocation/crl-signature.ts'
import type { FreshnessPolicy } from '#shared/revocation/freshness.ts'
import { orByListsBefore } from '#shared/revocation/lists-before.ts'
import type { RevocationQuestion } from '#shared/revocation/scope.ts'
import { revocationStatus, type RevocationStatus } from '#shared/revocation/status.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import { nameKey } from '#shared/x509/name.ts'
import { algorithmInSet } from '#shared/x509/algorithm-sets.ts'
import type { VerificationPolicy } from '../policy.ts'

/** By what a status is decided, beside the lists. */
export interface RevocationContext {
  readonly store: Pick<TrustStore, 'revokedSerials'>
  readonly policy: VerificationPolicy
  readonly now: Instant
}

/**
 * RFC 5280 6.3: one certificate's status by its issuer's CRLs. Decided on every request, never
 * remembered: a handshake or a session that was good says nothing of now.
 */
export function checkRevocation(
  question: RevocationQuestion,
  at: PathIndex,
  lists: Pick<IssuerCrls, 'crls' | 'forged'>,
  { store, policy, now }: RevocationContext,
): Soon<Result<void, Rejection>> {
  const word = checkWord(question, at, store)
  if (!word.ok) return word
  const freshness = freshnessFor(at, policy)
  const status = statusUnder(policy, freshness, lists.crls, question, now)
  return status instanceof Promise
    ? verdictAfter(status, question, at, lists, { policy, now })
    : verdictOn(status, question, at, lists, freshness)
}

/** Apart, so that what is at hand is asked without a closure. Only what was waited for can have failed to come. */
async function verdictAfter(
  status: Promise<RevocationStatus>,
  question: RevocationQuestion,
  at: PathIndex,
  lists: Pick<IssuerCrls, 'crls' | 'forged'>,
  { policy, now }: Pick<RevocationContext, 'policy' | 'now'>,
): Promise<Result<void, Rejection>> {
  const freshness = freshnessFor(at, policy)
  const ask = (crls: readonly RevocationList[]): Soon<RevocationStatus> =>
    statusUnder(policy, freshness, crls, question, now)
  const found = await orByListsBefore(await status, lists.crls, question.serial, ask)
  return verdictOn(found, question, at, lists, freshness)
}

function verdictOn(
  status: RevocationStatus,
  question: RevocationQuestion,
  at: PathIndex,
  lists: Pick<IssuerCrls, 'forged'>,
  freshness: FreshnessPolicy,
): Result<void, Rejection> {
  switch (status.status) {
    case 'good':
      return ok(undefined)
    case 'revoked':
      return revoked(question, at, status.since)
    case 'unknown': {
      const gap = status.gap === 'absent' && lists.forged ? 'forged' : status.gap
      // A list is there, and none that its issuer signed: no gap to wave through, but an alarm.
      if (gap !== 'forged' && isTaken(gap, freshness)) return ok(undefined)
      return err({ code: 'revocation_unknown', at, serial: albSerial(question.serial), gap })
    }
  }
}

const revoked = ({ serial }: RevocationQuestion, at: PathIndex, since: Instant) =>
  err({ code: 'revoked', at, serial: albSerial(serial), since } as const)

/**
 * An operator's word comes before any list: it needs none to be there, none takes it back, and it
 * holds as well where the policy asks for no lists.
 */
export function checkWord(
  question: RevocationQuestion,
  at: PathIndex,
  { revokedSerials }: Pick<TrustStore, 'revokedSerials'>,
): Result<void, Rejection> {
  if (revokedSerials.size === 0) return ok(undefined)
  const since = revokedSerials.get(nameKey(question.issuer))?.get(albSerial(question.serial))
  return since === undefined ? ok(undefined) : revoked(question, at, since)
}

/** Whose lists a policy asks for. */
export function areListsAsked(at: PathIndex, { revocation }: VerificationPolicy): boolean {
  return revocation.of === 'chain' || (revocation.of === 'leaf' && at === 0)
}

/**
 * What the lists say, those left out that a policy does not let clear anybody. Such a list was
 * signed by its issuer all the same, so whom it revokes is revoked.
 */
function statusUnder(
  policy: VerificationPolicy,
  freshness: FreshnessPolicy,
  crls: readonly RevocationList[],
  question: RevocationQuestion,
  now: Instant,
): Soon<RevocationStatus> {
  const status = revocationStatus(crls, question, now, freshness)
  if (areAllClearing(crls, policy, now)) return status
  return ofClearing(status, crls, { policy, freshness, question, now })
}

interface Asked {
  readonly policy: VerificationPolicy
  readonly freshness: FreshnessPolicy
  readonly question: RevocationQuestion
  readonly now: Instant
}

function ofClearing(
  status: Soon<RevocationStatus>,
  crls: readonly RevocationList[],
  { policy, freshness, question, now }: Asked,
): Soon<RevocationStatus> {
  return after(status, (found) => {
    if (found.status !== 'good') return found
    const young = crls.filter((crl) => isYoung(crl, policy, now))
    const clearing = young.filter((crl) => isAsAsked(crl, policy))
    const gap = young.length < crls.length ? 'stale' : 'not_as_asked'
    return after(
      revocationStatus(clearing, question, now, freshness),
      (cleared): RevocationStatus =>
        cleared.status === 'good' ? cleared : { status: 'unknown', gap },
    )
  })
}

function areAllClearing(
  crls: readonly RevocationList[],
  policy: VerificationPolicy,
  now: Instant,
): boolean {
  for (const crl of crls) if (!isYoung(crl, policy, now) || !isAsAsked(crl, policy)) return false
  return true
}

/** Whether a list is of an age that a policy lets clear; one from the future is asked for elsewhere. */
function isYoung(
  { thisUpdate }: RevocationList,
  { revocation }: VerificationPolicy,
  now: Instant,
): boolean {
  return revocation.maxAgeMs === undefined || now <= thisUpdate + revocation.maxAgeMs
}

/** Whether a list is signed and made as the policy asks of certificates as well. */
function isAsAsked(crl: RevocationList, { algorithms, profile }: VerificationPolicy): boolean {
  if (algorithmInSet(crl.signatureAlgorithm, algorithms) === undefined) return false
  return profile.keepsCrl(crl)
}

/**
 * What is stale has been weighed with the status; a list that is there and cannot be asked may name
 * anybody. Whatever else is not known is as good as no list.
 */
export function isTaken(gap: RevocationGap, { absent }: FreshnessPolicy): boolean {
  return gap !== 'stale' && gap !== 'not_at_hand' && absent === 'accept'
}

/** The words on the lists of the leaf's issuer, or on those of a CA's. */
export function freshnessFor(
  at: PathIndex,
  { revocation }: Pick<VerificationPolicy, 'revocation'>,
): FreshnessPolicy {
  return at === 0 ? revocation.freshness : (revocation.freshnessOfCas ?? revocation.freshness)
}
