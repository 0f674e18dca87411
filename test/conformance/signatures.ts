import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { casesOf } from './suites.ts'

export const signatureSuite = 'wycheproof-sig'

interface SignatureCase {
  readonly id: string
  readonly alg: string
  readonly hash: string | null
  readonly mgfHash: string | null
  readonly saltLen: number | null
  readonly spki: string
  readonly msg: string
  readonly sig: string
  readonly expect: 'valid' | 'invalid' | 'acceptable'
}

/** One signature, verified; `unsupported` where the key or the algorithm is none of ours. */
export interface Signature {
  readonly id: string
  readonly expect: SignatureCase['expect']
  readonly ours: 'valid' | 'invalid' | 'unsupported'
}

/** Last octets of the object identifiers under which each hash is known, alone and with a key. */
const arcs = {
  'SHA-256': { hash: '01', rsa: '0b', ecdsa: '02' },
  'SHA-384': { hash: '02', rsa: '0c', ecdsa: '03' },
  'SHA-512': { hash: '03', rsa: '0d', ecdsa: '04' },
} as const

type Arcs = (typeof arcs)[keyof typeof arcs]

export async function* verifySuite(file: string): AsyncGenerator<Signature> {
  const verifier = createWebCryptoVerifier()
  for await (const each of casesOf<SignatureCase>(file)) {
    const identifier = identifierOf(each)
    const algorithm = identifier && signatureAlgorithmOf(identifier)
    const [spki, signature, signed] = [bytes(each.spki), bytes(each.sig), bytes(each.msg)]
    const kind = publicKeyKindOf(spki)
    const { id, expect } = each
    if (algorithm === undefined || kind === undefined) {
      yield { id, expect, ours: 'unsupported' }
      continue
    }
    const isRight = await verifier.verify({ algorithm, kind, spki, signature, signed })
    yield { id, expect, ours: isRight ? 'valid' : 'invalid' }
  }
}

function bytes(base64: string): Bytes {
  return fromBase64(base64) ?? new Uint8Array()
}

/** The AlgorithmIdentifier that a certificate signed so would bear (RFC 5758, 4055, 8410). */
function identifierOf(each: SignatureCase): Bytes | undefined {
  if (/^(EDDSA|Ed25519)$/i.test(each.alg)) return octetsOf('300506032b6570')
  const hash = Object.entries(arcs).find(([name]) => name === each.hash)?.[1]
  if (hash === undefined) return undefined
  if (each.alg === 'ECDSA') return octetsOf(`300a06082a8648ce3d0403${hash.ecdsa}`)
  if (/PSS/i.test(each.alg)) return pssIdentifier(each, hash)
  return octetsOf(`300d06092a864886f70d0101${hash.rsa}0500`)
}

function pssIdentifier({ hash, mgfHash, saltLen }: SignatureCase, arc: Arcs): Bytes | undefined {
  if (mgfHash !== hash || saltLen === null || saltLen > 0x7f) return undefined
  const digest = `300d06096086480165030402${arc.hash}0500`
  const salt = saltLen.toString(16).padStart(2, '0')
  const parameters = `3034a00f${digest}a11c301a06092a864886f70d010108${digest}a2030201${salt}`
  return octetsOf(`304106092a864886f70d01010a${parameters}`)
}

function octetsOf(hex: string): Bytes {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}
