import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Soon } from '#shared/soon.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Budget, SeenSignature } from '../budget.ts'

/** What a refusal calls the algorithms of this core, where no narrower set was asked for. */
const everyAlgorithm = 'verifiable'

/**
 * RFC 5280 6.1.3 (a)(1): the certificate was signed with its issuer's key. Costs one signature, the
 * first time that a search asks: ways to an anchor share most of their certificates, and a CA that
 * was renewed its key.
 */
export function checkSignature(
  certificate: Certificate,
  at: PathIndex,
  issuerSpki: Bytes,
  verifier: SignatureVerifier,
  budget: Budget,
): Soon<Result<void, Rejection>> {
  const algorithm = signatureAlgorithmOf(certificate.signatureAlgorithm, verifier.sha1)
  if (algorithm === undefined) {
    return err({
      code: 'algorithm_unsupported',
      at,
      algorithm: certificate.signatureAlgorithm,
      set: everyAlgorithm,
    })
  }
  const kind = publicKeyKindOf(issuerSpki, verifier.rsaBitsMin)
  if (kind === undefined)
    return err({
      code: 'key_unsupported',
      at: at + 1,
      key: issuerSpki,
      set: everyAlgorithm,
    })
  const before = findSeen(budget, certificate, issuerSpki)
  if (before !== undefined) return resultOf(before, at)
  if (budget.signatures === 0) return err({ code: 'budget_exhausted', budget: 'signatures' })
  budget.signatures -= 1
  const { signature, tbs: signed } = certificate
  const comesOnce = at === 0
  const input = { algorithm, kind, spki: issuerSpki, signature, signed, comesOnce }
  const answer = verifier.verify(input)
  // Whatever is no boolean is waited for: a promise of another making is no answer either.
  return typeof answer === 'boolean'
    ? noted({ certificate, issuerSpki, isRight: answer }, at, budget)
    : notedAfter(answer, { certificate, issuerSpki }, at, budget)
}

function findSeen(
  { signaturesSeen }: Budget,
  certificate: Certificate,
  issuerSpki: Bytes,
): SeenSignature | undefined {
  if (signaturesSeen === undefined) return undefined
  for (const seen of signaturesSeen) {
    if (seen.certificate === certificate && equalBytes(seen.issuerSpki, issuerSpki)) return seen
  }
  return undefined
}

/** Apart, so that what is at hand is noted without a closure. */
async function notedAfter(
  answer: Promise<boolean>,
  asked: Omit<SeenSignature, 'isRight'>,
  at: PathIndex,
  budget: Budget,
): Promise<Result<void, Rejection>> {
  return noted({ ...asked, isRight: await answer }, at, budget)
}

function noted(now: SeenSignature, at: PathIndex, budget: Budget): Result<void, Rejection> {
  // Nearly always the only one: an array that starts with it has room for no more.
  if (budget.signaturesSeen === undefined) budget.signaturesSeen = [now]
  else budget.signaturesSeen.push(now)
  return resultOf(now, at)
}

function resultOf({ certificate, isRight }: SeenSignature, at: PathIndex): Result<void, Rejection> {
  if (isRight) return ok(undefined)
  const { signatureAlgorithm, issuer } = certificate
  return err({ code: 'signature_invalid', at, algorithm: signatureAlgorithm, issuer })
}
