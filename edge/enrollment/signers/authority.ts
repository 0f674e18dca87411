import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { publicKeyKindOf, signatureAlgorithmOf, type Curve } from '#shared/x509/algorithms.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { positiveInteger, sequence, wholeBits } from './der-write.ts'

/** `CryptoKey`, by whatever name a runtime's types know it. */
type WebCryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** A CA's certificate and the use of its key. The key itself cannot be had back. */
export interface Authority {
  readonly certificate: Certificate
  /** What follows it: the CAs above, and at a rollover those before and after. */
  readonly others: readonly Certificate[]
  /**
   * RFC 5280 4.1.1 and 5.1.1: a signed structure around what `tbsOf` makes of the AlgorithmIdentifier.
   */
  sign(tbsOf: (algorithm: Bytes) => Bytes): Promise<Bytes>
}

/** How a kind of CA key signs: WebCrypto's words for it, and the AlgorithmIdentifier. */
interface Signing {
  readonly imported: { readonly name: string; readonly namedCurve?: string; readonly hash?: string }
  readonly signed: { readonly name: string; readonly hash?: string }
  readonly identifier: Bytes
  readonly isEcdsa: boolean
}

/** RFC 5758 3.2: each curve with the digest of its strength. */
const ecdsa: Readonly<Record<Curve, { readonly hash: string; readonly arc: number }>> = {
  'P-256': { hash: 'SHA-256', arc: 2 },
  'P-384': { hash: 'SHA-384', arc: 3 },
  'P-521': { hash: 'SHA-512', arc: 4 },
}

/** RFC 8410 section 3, RFC 4055 section 5. */
const ed25519: Signing = {
  imported: { name: 'Ed25519' },
  signed: { name: 'Ed25519' },
  identifier: Uint8Array.of(0x30, 5, 0x06, 3, 0x2b, 0x65, 0x70),
  isEcdsa: false,
}
const rsa: Signing = {
  imported: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  signed: { name: 'RSASSA-PKCS1-v1_5' },
  identifier: Uint8Array.of(
    0x30,
    13,
    0x06,
    9,
    0x2a,
    0x86,
    0x48,
    0x86,
    0xf7,
    0x0d,
    1,
    1,
    11,
    0x05,
    0,
  ),
  isEcdsa: false,
}

function ecdsaSigning(curve: Curve): Signing {
  const { hash, arc } = ecdsa[curve]
  return {
    imported: { name: 'ECDSA', namedCurve: curve },
    signed: { name: 'ECDSA', hash },
    identifier: Uint8Array.of(0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, arc),
    isEcdsa: true,
  }
}

/**
 * A CA from a PEM file of its certificate, with those of other CAs behind it, and its PKCS #8 key as
 * PEM or as bare base64. Refused are a certificate that may not sign certificates and lists, and a
 * key that is not the certificate's.
 *
 * @returns the authority, or what was expected where; the key is never repeated
 */
export async function importAuthority(
  certificatesPem: string,
  pkcs8: string,
): Promise<Result<Authority, string>> {
  const certificates = readCertificates(certificatesPem)
  if (!certificates.ok) return certificates
  const [certificate, ...others] = certificates.value
  if (certificate === undefined) return err('a certificate')
  const objection = whyNoCa(certificate)
  if (objection !== undefined) return err(objection)
  const signing = signingOf(certificate.spki)
  if (signing === undefined) return err('a CA key of P-256, P-384, P-521, Ed25519 or RSA')
  const key = await importKey(pkcs8, signing)
  if (key === undefined) return err('the PKCS #8 key of the first certificate')
  const own = { key, signing }
  if (!(await isKeyOf(certificate, own))) return err('the key of the first certificate')
  return ok({ certificate, others, sign: (tbsOf) => signed(tbsOf(signing.identifier), own) })
}

/** The certificates of a PEM text, in order; or what was expected, by line or number. */
export function readCertificates(pem: string): Result<readonly Certificate[], string> {
  const ders = decodePem(pem, 'CERTIFICATE')
  if (!ders.ok) return err(`${ders.error.expected} in line ${ders.error.line}`)
  const certificates: Certificate[] = []
  for (const [index, der] of ders.value.entries()) {
    const parsed = parseCertificate(der)
    if (!parsed.ok) {
      const { expected, offset } = parsed.error
      return err(`${expected} in byte ${offset} of certificate ${index + 1}`)
    }
    certificates.push(parsed.value)
  }
  return ok(certificates)
}

/** RFC 5280 4.2.1.9 and 4.2.1.3: keyCertSign is bit 5 of the usage, cRLSign bit 6. */
function whyNoCa({ extensions }: Certificate): string | undefined {
  if (extensions.basicConstraints?.ca !== true) return 'a CA as the first certificate (cA true)'
  const usage = extensions.keyUsage
  if (usage === undefined || ((usage[0] ?? 0) & 0x06) === 0x06) return undefined
  return 'a first certificate whose key usage has keyCertSign and cRLSign'
}

function signingOf(spki: Bytes): Signing | undefined {
  const kind = publicKeyKindOf(spki)
  if (kind?.curve !== undefined) return ecdsaSigning(kind.curve)
  if (kind?.family === 'ed25519') return ed25519
  return kind?.family === 'rsa' && kind.pssOnly === undefined ? rsa : undefined
}

async function importKey(pkcs8: string, { imported }: Signing): Promise<WebCryptoKey | undefined> {
  const base64 = pkcs8.replaceAll(/-----(?:BEGIN|END) PRIVATE KEY-----|\s/g, '')
  const octets = fromBase64(base64)
  if (octets === undefined) return undefined
  try {
    return await crypto.subtle.importKey('pkcs8', octets, imported, false, ['sign'])
  } catch (error) {
    // WebCrypto's word on what is no key of this kind; anything else is a fault of ours.
    if (error instanceof DOMException) return undefined
    throw error
  }
}

interface OwnKey {
  readonly key: WebCryptoKey
  readonly signing: Signing
}

async function signed(tbs: Bytes, own: OwnKey): Promise<Bytes> {
  return sequence(tbs, own.signing.identifier, wholeBits(await signatureOver(tbs, own)))
}

async function signatureOver(octets: Bytes, { key, signing }: OwnKey): Promise<Bytes> {
  const raw = new Uint8Array(await crypto.subtle.sign(signing.signed, key, octets))
  return signing.isEcdsa ? ecdsaDer(raw) : raw
}

/** RFC 3279 2.2.3: WebCrypto gives r and s side by side. */
function ecdsaDer(raw: Bytes): Bytes {
  const half = raw.length / 2
  return sequence(positiveInteger(raw.subarray(0, half)), positiveInteger(raw.subarray(half)))
}

/** Signs something of no meaning, and asks the certificate whether that was its key. */
async function isKeyOf({ spki }: Certificate, own: OwnKey): Promise<boolean> {
  const signedPart = own.signing.identifier
  const algorithm = signatureAlgorithmOf(signedPart)
  const kind = publicKeyKindOf(spki)
  if (algorithm === undefined || kind === undefined) return false
  const signature = await signatureOver(signedPart, own)
  return createWebCryptoVerifier().verify({ algorithm, kind, spki, signature, signed: signedPart })
}
