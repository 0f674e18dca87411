import type { Bytes } from '#shared/bytes.ts'
import { toBase64, toHex } from '#shared/bytes.ts'
import { allowsKeyUsage } from '#shared/path/checks/key-usage.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import type { Instant } from '#shared/time.ts'
import { buildTrustStore, defaultLimits } from '#shared/trust-store/trust-store.ts'
import { verify } from '#shared/verify.ts'
import { readName } from '#shared/wire/name-reader.ts'
import { textOf } from '#shared/wire/name-text.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'

/** A CA that somebody wants devices to be enrolled below, and the proof that it is his. */
export interface CaProof {
  /** DER of the CA's certificate. */
  readonly certificate: Bytes
  /** DER of a certificate that the CA's key has signed for this: its common name is the nonce. */
  readonly verification: Bytes
}

/** A CA whose key has signed a nonce. */
export interface ProvenCa {
  /** SHA-256 of its SubjectPublicKeyInfo, hex. */
  readonly keySha256: string
  /** Its subject, as RFC 2253 writes it. */
  readonly name: string
  /** DER, base64. */
  readonly certificate: string
  /** What the verification certificate is named. Whether it was given out is asked elsewhere. */
  readonly nonce: string
}

/** The verification certificate lives for this alone: nobody asks for its revocation or its purpose. */
const policy = {
  ...strictPolicy,
  revocation: { ...strictPolicy.revocation, of: 'none' },
  purpose: { ...strictPolicy.purpose, use: 'any' },
} as const

/** id-at-commonName (RFC 5280 appendix A.1). */
const commonName = '2.5.4.3'

/**
 * Whether a CA's key is in the hands of who registers it, as Azure and AWS ask it: a certificate,
 * verified by the core directly below the CA, is named after a nonce. So nobody registers a CA whose
 * certificate he has seen somewhere. A sentence for people otherwise.
 */
export async function checkCaProof(
  proof: CaProof,
  { verifier, now }: { readonly verifier: SignatureVerifier; readonly now: Instant },
): Promise<Result<ProvenCa, string>> {
  const ca = parseCertificate(proof.certificate)
  const leaf = parseCertificate(proof.verification)
  if (!ca.ok) return err(`the CA's certificate cannot be read at octet ${ca.error.offset}`)
  if (!leaf.ok)
    return err(`the verification certificate cannot be read at octet ${leaf.error.offset}`)
  const { extensions, validity, spki } = ca.value
  if (extensions.basicConstraints?.ca !== true || !allowsKeyUsage(ca.value, 'keyCertSign')) {
    return err('the certificate is none of a CA: basicConstraints CA and keyCertSign are expected')
  }
  if (now < validity.notBefore || now > validity.notAfter) {
    return err("the CA's certificate is not valid now")
  }
  const store = await buildTrustStore({
    anchors: [ca.value],
    intermediates: [],
    crls: [],
    epoch: 1,
    limits: defaultLimits,
  })
  const decision = await verify(
    { kind: 'chain', leaf: proof.verification, intermediates: [] },
    { store, policy, now, verifier, crls: createAuthenticatedCrls(verifier) },
  )
  if (decision.outcome === 'refused') {
    const word = decision.rejection.code.replaceAll('_', ' ')
    return err(`the verification certificate is not good below this CA: ${word}`)
  }
  const nonce = commonNameOf(leaf.value.subject)
  if (nonce === undefined) return err('the verification certificate has no common name, or several')
  const name = rfc2253Name(ca.value.subject)
  return ok({
    keySha256: toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', spki))),
    name: name.ok ? name.value : '',
    certificate: toBase64(proof.certificate),
    nonce,
  })
}

function commonNameOf(subject: Bytes): string | undefined {
  const read = readName(subject)
  if (!read.ok) return undefined
  const [only, ...more] = read.value.flat().filter(({ oid }) => oid === commonName)
  return only === undefined || more.length > 0 ? undefined : textOf(only)
}
