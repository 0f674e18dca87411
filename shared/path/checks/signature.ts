import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import {
  algorithmText,
  keyText,
  publicKeyKindOf,
  signatureAlgorithmOf,
} from '#shared/x509/algorithms.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Budget } from '../budget.ts'
import { nameText } from '../name-text.ts'

/** What a refusal calls the algorithms of this core, where no narrower set was asked for. */
const everyAlgorithm = 'verifiable'

/** A signature that a search has looked at already, right or wrong. */
interface Known {
  readonly certificate: Certificate
  readonly issuerSpki: Bytes
  readonly isRight: boolean
}

/**
 * What each search knows, as long as it lasts: ways to an anchor share most of their certificates,
 * and a CA that was renewed its key. No more entries than its budget had signatures.
 */
const knownBySearch = new WeakMap<Budget, Known[]>()

/**
 * RFC 5280 6.1.3 (a)(1): the certificate was signed with its issuer's key. Costs one signature, the
 * first time that a search asks.
 */
export async function checkSignature(
  certificate: Certificate,
  at: PathIndex,
  issuerSpki: Bytes,
  verifier: SignatureVerifier,
  budget: Budget,
): Promise<Result<void, Rejection>> {
  const algorithm = signatureAlgorithmOf(certificate.signatureAlgorithm, verifier.sha1)
  if (algorithm === undefined) {
    return err({
      code: 'algorithm_unsupported',
      at,
      algorithm: algorithmText(certificate.signatureAlgorithm),
      set: everyAlgorithm,
    })
  }
  const kind = publicKeyKindOf(issuerSpki, verifier.rsaBitsMin)
  if (kind === undefined)
    return err({
      code: 'key_unsupported',
      at: at + 1,
      key: keyText(issuerSpki),
      set: everyAlgorithm,
    })
  const known = knownOf(budget)
  const before = known.find(
    (each) => each.certificate === certificate && equalBytes(each.issuerSpki, issuerSpki),
  )
  if (before !== undefined) return resultOf(before, at)
  if (budget.signatures === 0) return err({ code: 'budget_exhausted', budget: 'signatures' })
  budget.signatures -= 1
  const { signature, tbs: signed } = certificate
  const isRight = await verifier.verify({ algorithm, kind, spki: issuerSpki, signature, signed })
  const now: Known = { certificate, issuerSpki, isRight }
  known.push(now)
  return resultOf(now, at)
}

function knownOf(budget: Budget): Known[] {
  const known = knownBySearch.get(budget) ?? []
  knownBySearch.set(budget, known)
  return known
}

function resultOf({ certificate, isRight }: Known, at: PathIndex): Result<void, Rejection> {
  if (isRight) return ok(undefined)
  const { signatureAlgorithm, issuer } = certificate
  const algorithm = algorithmText(signatureAlgorithm)
  return err({ code: 'signature_invalid', at, algorithm, issuer: nameText(issuer) })
}
