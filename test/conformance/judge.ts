import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { answerCase, type Answer, type CaseWorld } from '#simulator/commands/verify-answer.ts'
import { readCase, type VerifyCase } from '#simulator/commands/verify-case.ts'

/*
 * What is asked of the core, in whichever runtime: plain JSON in, plain JSON out, nothing of Node's.
 */

/** A line of a path suite, with what is asked otherwise than it says. */
export interface CaseQuestion {
  readonly text: string
  readonly otherwise: Partial<Pick<VerifyCase, 'purpose' | 'profile'>>
}

/** An encoding: base64 of DER. */
export interface EncodingQuestion {
  readonly kind: 'certificate' | 'crl'
  readonly der: string
}

export interface EncodingAnswer {
  readonly isRead: boolean
  /** What the parser missed, or what it threw; empty where it read. */
  readonly detail: string
  readonly threw: boolean
}

/** A signature: base64 of each part, the AlgorithmIdentifier that a certificate signed so would bear. */
export interface SignatureQuestion {
  readonly identifier: string
  readonly spki: string
  readonly signature: string
  readonly signed: string
}

/** `unsupported` where the key or the algorithm is none of ours; `disputed` where two verifiers differ. */
export type SignatureAnswer = 'valid' | 'invalid' | 'unsupported' | 'disputed'

export interface Questions {
  readonly case: CaseQuestion
  readonly encoding: EncodingQuestion
  readonly signature: SignatureQuestion
}

export interface Answers {
  readonly case: Answer
  readonly encoding: EncodingAnswer
  readonly signature: SignatureAnswer
}

export type Kind = keyof Questions

/** The judge of each kind. */
export type Judges = {
  readonly [Each in Kind]: (question: Questions[Each]) => Promise<Answers[Each]>
}

/**
 * @param worldOf what cases are put to, with the runtime's own verifier
 * @param verifiers what signatures by themselves are put to: all of the runtime's, which have to agree
 */
export function createJudges(
  worldOf: (asked: VerifyCase) => Promise<CaseWorld>,
  verifiers: readonly SignatureVerifier[],
): Judges {
  return {
    case: ({ text, otherwise }) => answerCase({ ...readCase(text), ...otherwise }, worldOf),
    encoding: async (question) => judgeEncoding(question),
    signature: (question) => judgeSignature(question, verifiers),
  }
}

/** A parser that throws has failed, whatever it was given: told in the table, and the run fails. */
function judgeEncoding({ kind, der }: EncodingQuestion): EncodingAnswer {
  try {
    const bytes = bytesOf(der)
    const parsed = kind === 'crl' ? parseCrl(bytes) : parseCertificate(bytes)
    if (parsed.ok) return { isRead: true, detail: '', threw: false }
    const { offset, expected } = parsed.error
    return { isRead: false, detail: `byte ${offset}: expected ${expected}`, threw: false }
  } catch (error) {
    return { isRead: false, detail: String(error), threw: true }
  }
}

async function judgeSignature(
  question: SignatureQuestion,
  verifiers: readonly SignatureVerifier[],
): Promise<SignatureAnswer> {
  const algorithm = signatureAlgorithmOf(bytesOf(question.identifier))
  const spki = bytesOf(question.spki)
  const kind = publicKeyKindOf(spki)
  if (algorithm === undefined || kind === undefined) return 'unsupported'
  const [signature, signed] = [bytesOf(question.signature), bytesOf(question.signed)]
  const verdicts = new Set<boolean>()
  for (const verifier of verifiers) {
    verdicts.add(await verifier.verify({ algorithm, kind, spki, signature, signed }))
  }
  if (verdicts.size !== 1) return 'disputed'
  return verdicts.has(true) ? 'valid' : 'invalid'
}

/** Suites hold base64 alone; what is none is no octets, which nothing reads. */
function bytesOf(base64: string): Bytes {
  return fromBase64(base64) ?? new Uint8Array()
}
