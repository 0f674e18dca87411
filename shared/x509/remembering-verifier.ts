import { equalBytes, type Bytes } from '#shared/bytes.ts'
import type { SignatureVerifier } from './signature.ts'

type Input = Parameters<SignatureVerifier['verify']>[0]

/**
 * A verifier that remembers which signatures were right, by the view of what was signed: of
 * certificates and CRLs that stay at hand (a trust store's, and the intermediates that `Caches`
 * keep), whose views stay the same. What is forgotten with them needs no bound of its own. Leaves
 * are not remembered: an entry that is forgotten soon costs 0.6 us in Node 24, most of it for GC.
 *
 * It is a memo of a pure function: the same octets, signature, key and algorithm are the same
 * question, asked of the same verifier. Only "right" is remembered, so that it can make nothing of a
 * refusal but the refusal it was, found out anew; and who counts signatures counts a remembered one
 * as well, so that no decision depends on what was asked before.
 */
export function createRememberingVerifier(verifier: SignatureVerifier): SignatureVerifier {
  const right = new WeakMap<Bytes, Input>()
  return {
    ...verifier,
    verify(input) {
      if (input.comesOnce === true) return verifier.verify(input)
      if (isSame(right.get(input.signed), input)) return true
      const answer = verifier.verify(input)
      if (typeof answer === 'boolean') return remember(right, input, answer)
      return answer.then((isRight) => remember(right, input, isRight))
    },
  }
}

function remember(right: WeakMap<Bytes, Input>, input: Input, isRight: boolean): boolean {
  if (isRight) right.set(input.signed, input)
  return isRight
}

function isSame(before: Input | undefined, now: Input): boolean {
  if (before === undefined) return false
  if (before.algorithm !== now.algorithm || before.kind.name !== now.kind.name) return false
  return equalBytes(before.signature, now.signature) && equalBytes(before.spki, now.spki)
}
