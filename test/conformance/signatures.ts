import type { SignatureAnswer, SignatureQuestion } from './judge.ts'
import type { Runtime } from './runtimes.ts'
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

/** One signature, verified. */
export interface Signature {
  readonly id: string
  readonly expect: SignatureCase['expect']
  readonly ours: SignatureAnswer
}

/** Last octets of the object identifiers under which each hash is known, alone and with a key. */
const arcs = {
  'SHA-256': { hash: '01', rsa: '0b', ecdsa: '02' },
  'SHA-384': { hash: '02', rsa: '0c', ecdsa: '03' },
  'SHA-512': { hash: '03', rsa: '0d', ecdsa: '04' },
} as const

type Arcs = (typeof arcs)[keyof typeof arcs]

export async function* verifySuite(file: string, runtime: Runtime): AsyncGenerator<Signature> {
  for await (const each of casesOf<SignatureCase>(file)) {
    const question = questionOf(each)
    const [ours = 'unsupported'] = question ? await runtime.ask('signature', [question]) : []
    yield { id: each.id, expect: each.expect, ours }
  }
}

/** Undefined where no certificate could name the algorithm. */
function questionOf(each: SignatureCase): SignatureQuestion | undefined {
  const identifier = identifierOf(each)
  if (identifier === undefined) return undefined
  const { spki, sig: signature, msg: signed } = each
  return { identifier, spki, signature, signed }
}

/** The AlgorithmIdentifier that a certificate signed so would bear (RFC 5758, 4055, 8410). */
function identifierOf(each: SignatureCase): string | undefined {
  if (/^(EDDSA|Ed25519)$/i.test(each.alg)) return base64Of('300506032b6570')
  const hash = Object.entries(arcs).find(([name]) => name === each.hash)?.[1]
  if (hash === undefined) return undefined
  if (each.alg === 'ECDSA') return base64Of(`300a06082a8648ce3d0403${hash.ecdsa}`)
  if (/PSS/i.test(each.alg)) return pssIdentifier(each, hash)
  return base64Of(`300d06092a864886f70d0101${hash.rsa}0500`)
}

function pssIdentifier({ hash, mgfHash, saltLen }: SignatureCase, arc: Arcs): string | undefined {
  if (mgfHash !== hash || saltLen === null || saltLen > 0x7f) return undefined
  const digest = `300d06096086480165030402${arc.hash}0500`
  const salt = saltLen.toString(16).padStart(2, '0')
  const parameters = `3034a00f${digest}a11c301a06092a864886f70d010108${digest}a2030201${salt}`
  return base64Of(`304106092a864886f70d01010a${parameters}`)
}

function base64Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}
