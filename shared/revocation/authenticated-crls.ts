import { toBase64Url, type Bytes } from '#shared/bytes.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import { nameKey } from '#shared/trust-store/trust-store.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import type { Crl } from './crl.ts'

/** SHA-256 of a SubjectPublicKeyInfo, base64url: which key an issuer has, whatever its name. */
export type IssuerKeyId = string

/** The CRLs of one issuer: those its key has signed, and whether others bear its name. */
export interface IssuerCrls {
  readonly keyId: IssuerKeyId
  readonly crls: readonly Crl[]
  readonly forged: boolean
}

/**
 * Tells which CRLs of a snapshot an issuer's key has really signed. Each signature is verified
 * once a snapshot and key; what is kept are values, and they go when the snapshot goes.
 *
 * Ask only for issuers whose own certificate has been verified: that bounds what is kept by the
 * number of CAs, whatever is presented.
 */
export interface AuthenticatedCrls {
  of(store: TrustStore, issuer: { readonly subject: Bytes; readonly spki: Bytes }): Promise<IssuerCrls>
  /** The same from memory, without a signature; undefined where this issuer was never asked for. */
  known(store: TrustStore, keyId: IssuerKeyId): IssuerCrls | undefined
}

export function createAuthenticatedCrls(verifier: SignatureVerifier): AuthenticatedCrls {
  const byStore = new WeakMap<TrustStore, Map<IssuerKeyId, IssuerCrls>>()
  return {
    async of(store, issuer) {
      const keyId = await issuerKeyId(issuer.spki)
      const known = byStore.get(store)?.get(keyId)
      if (known !== undefined) return known
      const found = await authenticate(verifier, store, issuer, keyId)
      const ofStore = byStore.get(store) ?? new Map<IssuerKeyId, IssuerCrls>()
      ofStore.set(keyId, found)
      byStore.set(store, ofStore)
      return found
    },
    known: (store, keyId) => byStore.get(store)?.get(keyId),
  }
}

export async function issuerKeyId(spki: Bytes): Promise<IssuerKeyId> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', spki)))
}

async function authenticate(
  verifier: SignatureVerifier,
  store: TrustStore,
  issuer: { readonly subject: Bytes; readonly spki: Bytes },
  keyId: IssuerKeyId,
): Promise<IssuerCrls> {
  const named = store.crlsByIssuer.get(nameKey(issuer.subject)) ?? []
  const crls: Crl[] = []
  for (const crl of named) if (await isSignedBy(verifier, crl, issuer.spki)) crls.push(crl)
  return { keyId, crls, forged: crls.length < named.length }
}

async function isSignedBy(verifier: SignatureVerifier, crl: Crl, spki: Bytes): Promise<boolean> {
  const algorithm = signatureAlgorithmOf(crl.signatureAlgorithm)
  const kind = publicKeyKindOf(spki)
  if (algorithm === undefined || kind === undefined) return false
  return verifier.verify({ algorithm, kind, spki, signature: crl.signature, signed: crl.tbs })
}
