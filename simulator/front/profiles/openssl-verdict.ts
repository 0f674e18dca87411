import type { ConnectionVerdict } from '../profile.ts'
import { certVerified } from './cloudflare-verified.ts'

/** What OpenSSL says of a chain. */
export interface OpensslVerdict {
  /** `X509_V_OK` is 0, and so is the number of no certificate at all. */
  readonly number: number
  /** As nginx and Apache write it: `SUCCESS`, `NONE`, `FAILED:certificate has expired`. */
  readonly word: string
}

/** Numbers of `openssl/x509_vfy.h` for the texts that BoringSSL has in common with it. */
const numbers: Readonly<Record<string, number>> = {
  'certificate signature failure': 7,
  'certificate is not yet valid': 9,
  'certificate has expired': 10,
  'unable to get local issuer certificate': 20,
  'certificate chain too long': 22,
  'invalid CA certificate': 24,
  'path length constraint exceeded': 25,
  'unsupported certificate purpose': 26,
  'unhandled critical extension': 34,
  'invalid or inconsistent certificate policy extension': 42,
  'no explicit policy': 43,
  'permitted subtree violation': 47,
  'EE certificate key too weak': 66,
}

/** X509_V_ERR_UNSPECIFIED: for all that has no number above. */
const unspecified = {
  number: 1,
  word: 'FAILED:unspecified certificate verification error',
} as const

/** X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, where BoringSSL says 20. */
const firstUnverified = {
  number: 21,
  word: 'FAILED:unable to verify the first certificate',
} as const

function isLeafWithoutIssuer(verdict: ConnectionVerdict): boolean {
  if (verdict.kind !== 'failed') return false
  return verdict.rejection.code === 'untrusted' && verdict.rejection.at === 0
}

/** The verdict of a terminator that verifies by OpenSSL against the anchors, and asks no CRL. */
export function opensslVerdict(verdict: ConnectionVerdict): OpensslVerdict {
  if (isLeafWithoutIssuer(verdict)) return firstUnverified
  const word = certVerified(verdict)
  if (word === 'SUCCESS' || word === 'NONE') return { number: 0, word }
  const number = numbers[word.slice('FAILED:'.length)]
  return number === undefined ? unspecified : { number, word }
}
