import { toHex, type Bytes } from '#shared/bytes.ts'
import { publicKeyOf, signatureAlgorithmOf, type SignatureAlgorithm } from './algorithms.ts'

/** What people call the algorithm of an AlgorithmIdentifier: its start in hexadecimal where it is none of ours. */
export function algorithmText(algorithmIdentifier: Bytes): string {
  const algorithm = signatureAlgorithmOf(algorithmIdentifier, 'accept')
  return algorithm === undefined
    ? `AlgorithmIdentifier ${toHex(algorithmIdentifier.subarray(0, 32))}`
    : nameOf(algorithm)
}

/** As RFC 5758, 4055 and 8410 spell them. */
function nameOf({ family, hash, padding }: SignatureAlgorithm): string {
  if (hash === undefined) return 'Ed25519'
  if (padding === 'PSS') return `RSASSA-PSS with ${hash}`
  const digest = hash.replace('-', '')
  return family === 'ec' ? `ecdsa-with-${digest}` : `${digest.toLowerCase()}WithRSAEncryption`
}

/** What is said of a key: its kind and size, or the start of an SPKI that is none of ours. */
export function keyText(spki: Bytes): string {
  const key = publicKeyOf(spki)
  if (key === undefined) return algorithmText(spki)
  const { kind, rsa } = key
  return rsa === undefined ? kind.name : `${kind.name} ${rsa.bits} bits, exponent ${rsa.exponent}`
}
