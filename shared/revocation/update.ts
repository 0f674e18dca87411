import { equalBytes, type Bytes } from '#shared/bytes.ts'
import type { DerFault } from '#shared/der/reader.ts'
import { allowsKeyUsage } from '#shared/path/checks/key-usage.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import { equalNames } from '#shared/x509/name.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { CrlIssuer } from './authenticated-crls.ts'
import { isCrlSignedBy } from './crl-signature.ts'
import { parseCrl, type Crl, type CrlHeader } from './crl.ts'
import { scopeKey } from './scope.ts'

/** Why a list is not taken in place of the one held. Facts only; the list held stays in force. */
export type UpdateRefusal =
  | ({ readonly code: 'malformed_crl' } & DerFault)
  /** DER of the two Names. */
  | { readonly code: 'issuer_changed'; readonly held: Bytes; readonly offered: Bytes }
  | { readonly code: 'scope_changed'; readonly held: ListKind; readonly offered: ListKind }
  /** RFC 5280 5.2.3: of two lists of one issuer and scope the later one has the higher number. */
  | {
      readonly code: 'number_not_advanced'
      readonly held: bigint | undefined
      readonly offered: bigint | undefined
    }
  | { readonly code: 'time_not_advanced'; readonly held: Instant; readonly offered: Instant }
  /** None of so many keys of the issuer's name, all with leave to sign lists, has signed it. */
  | { readonly code: 'not_signed_by_issuer'; readonly keysTried: number }
  /** Entries; `least` is how many would have been taken. */
  | {
      readonly code: 'shrunk'
      readonly held: number
      readonly offered: number
      readonly least: number
    }

/** What two lists must have in common for one to follow the other (RFC 5280 5.2.3). */
export interface ListKind {
  readonly kind: 'complete' | 'delta'
  /** DER of the issuingDistributionPoint's value; undefined where there is none. */
  readonly scope: Bytes | undefined
}

/** How far a list may shrink from one to the next. */
export interface ShrinkRules {
  /** Of the entries held, between 0 and 1. */
  readonly ratioMax: number
  /** So many entries may go in any case: in a short list a few are a large part. */
  readonly entriesMax: number
}

/**
 * Entries leave a list when their certificates have expired (RFC 5280 5: past one more list), so
 * lists shrink by a few at a time. A fifth at once is a certificate of weeks with daily lists; more
 * is a list cut off or made from an empty ledger, which its issuer signs without noticing.
 */
export const defaultShrink: ShrinkRules = { ratioMax: 0.2, entriesMax: 10 }

export interface UpdateContext {
  /** The list in force, or what it says where it is kept compiled; undefined where this is the first. */
  readonly held: Crl | CrlHeader | undefined
  /** Certificates of CAs that are known, verified or trusted; those of the list's name are asked. */
  readonly issuers: readonly CrlIssuer[]
  readonly verifier: SignatureVerifier
  /** `accept` is the operator's explicit word on this one list. */
  readonly shrink: ShrinkRules | 'accept'
}

/**
 * Whether a list is taken in place of the one held: it parses, is of the same issuer and scope, bears
 * the signature of its issuer, is later, and has not lost more entries than lists do. Anything else
 * would be a rollback, a forgery or an accident, and leave revoked devices unlisted.
 *
 * A list whose issuer is not among `issuers` is taken unsigned for: devices may present its issuer,
 * and whoever decides verifies the signature then (RFC 5280 6.3.3 (g)).
 */
export async function checkCrlUpdate(
  der: Bytes,
  context: UpdateContext,
): Promise<Result<Crl, UpdateRefusal>> {
  const parsed = parseCrl(der)
  if (!parsed.ok) return err({ code: 'malformed_crl', ...parsed.error })
  return checkParsedUpdate(parsed.value, context)
}

/** The same of a list that was parsed before. */
export async function checkParsedUpdate(
  offered: Crl,
  context: UpdateContext,
): Promise<Result<Crl, UpdateRefusal>> {
  const { held } = context
  // The same list, written once more, takes its own place.
  if (held !== undefined && 'der' in held && equalBytes(offered.der, held.der)) return ok(held)
  const refusal =
    (held && (checkIssuer(held, offered) ?? checkScope(held, offered))) ??
    (await checkIssuerSignature(offered, context)) ??
    (held &&
      (checkNumber(held, offered) ??
        checkThisUpdate(held, offered) ??
        checkShrinkage(held, offered, context.shrink)))
  return refusal === undefined ? ok(offered) : err(refusal)
}

function checkIssuer(held: CrlHeader, offered: Crl): UpdateRefusal | undefined {
  if (equalNames(held.issuer, offered.issuer)) return undefined
  return { code: 'issuer_changed', held: held.issuer, offered: offered.issuer }
}

/** RFC 5280 5.2.3 and 5.2.4: numbers run through the lists of one scope; a delta stands in for none. */
function checkScope(held: CrlHeader, offered: Crl): UpdateRefusal | undefined {
  const [before, now] = [kindOf(held), kindOf(offered)]
  if (before.kind === now.kind && scopeKey(held) === scopeKey(offered)) return undefined
  return { code: 'scope_changed', held: before, offered: now }
}

function kindOf({ deltaBase, scope }: CrlHeader): ListKind {
  return { kind: deltaBase === undefined ? 'complete' : 'delta', scope: scope?.der }
}

/** RFC 5280 6.3.3 (f) and (g): signed by a key of the issuer's name that may sign lists. */
async function checkIssuerSignature(
  offered: Crl,
  { issuers, verifier }: UpdateContext,
): Promise<UpdateRefusal | undefined> {
  const named = issuers.filter(({ subject }) => equalNames(subject, offered.issuer))
  if (named.length === 0) return undefined
  const able = named.filter((each) => allowsKeyUsage(each, 'cRLSign'))
  for (const { spki } of able) if (await isCrlSignedBy(offered, spki, verifier)) return undefined
  return { code: 'not_signed_by_issuer', keysTried: able.length }
}

/** RFC 5280 5.2.3: no two lists of different times have one number. A list that had one keeps having one. */
function checkNumber(held: CrlHeader, offered: Crl): UpdateRefusal | undefined {
  if (held.number === undefined) return undefined
  if (offered.number !== undefined && offered.number > held.number) return undefined
  return { code: 'number_not_advanced', held: held.number, offered: offered.number }
}

/** X.509 knows whole seconds, in which a number may advance more than once; without numbers time must. */
function checkThisUpdate(held: CrlHeader, offered: Crl): UpdateRefusal | undefined {
  const isLater =
    held.number === undefined
      ? offered.thisUpdate > held.thisUpdate
      : offered.thisUpdate >= held.thisUpdate
  if (isLater) return undefined
  return { code: 'time_not_advanced', held: held.thisUpdate, offered: offered.thisUpdate }
}

/** A delta empties with every complete list after it (RFC 5280 5.2.4); complete lists do not. */
function checkShrinkage(
  held: CrlHeader,
  offered: Crl,
  rules: ShrinkRules | 'accept',
): UpdateRefusal | undefined {
  if (rules === 'accept' || offered.deltaBase !== undefined) return undefined
  const [before, now] = [held.entries, offered.entries]
  const mayGo = Math.max(rules.entriesMax, Math.floor(before * rules.ratioMax))
  const least = Math.max(0, before - mayGo)
  return now >= least ? undefined : { code: 'shrunk', held: before, offered: now, least }
}
