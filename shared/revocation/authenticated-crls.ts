import { concatBytes, toBase64Url } from '#shared/bytes.ts'
import { allowsKeyUsage } from '#shared/path/checks/key-usage.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import { nameKey } from '#shared/trust-store/trust-store.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { isCrlSignedBy } from './crl-signature.ts'
import type { Crl } from './crl.ts'

/**
 * SHA-256, base64url, over an issuer's name, its key and its leave to sign CRLs. The name is part of
 * it: two names may share a key, and each numbers its certificates by itself.
 */
export type IssuerKeyId = string

/** Whoever issued a certificate, as its own certificate (or an anchor's) says. */
export type CrlIssuer = Pick<Certificate, 'subject' | 'spki' | 'extensions'>

/** The CRLs of one issuer: those its key has signed. */
export interface IssuerCrls {
  readonly keyId: IssuerKeyId
  readonly crls: readonly Crl[]
  /** Others bear its name, and its key did not sign them or may not sign CRLs. */
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
  of(store: TrustStore, issuer: CrlIssuer): Promise<IssuerCrls>
  /** The same from memory, without a signature; undefined where this issuer was never asked for. */
  known(store: TrustStore, keyId: IssuerKeyId): IssuerCrls | undefined
}

export function createAuthenticatedCrls(verifier: SignatureVerifier): AuthenticatedCrls {
  const byStore = new WeakMap<TrustStore, Map<IssuerKeyId, IssuerCrls>>()
  return {
    async of(store, issuer) {
      const keyId = await issuerKeyId(issuer)
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

export async function issuerKeyId(issuer: CrlIssuer): Promise<IssuerKeyId> {
  const leave = Uint8Array.of(allowsKeyUsage(issuer, 'cRLSign') ? 1 : 0)
  // Name and key are DER, which says its own length: no two issuers run together into the same octets.
  const whole = concatBytes(leave, issuer.subject, issuer.spki)
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', whole)))
}

async function authenticate(
  verifier: SignatureVerifier,
  store: TrustStore,
  issuer: CrlIssuer,
  keyId: IssuerKeyId,
): Promise<IssuerCrls> {
  const named = store.crlsByIssuer.get(nameKey(issuer.subject)) ?? []
  const crls: Crl[] = []
  // RFC 5280 6.3.3 (f): where its key usage is restricted, an issuer may sign CRLs.
  if (!allowsKeyUsage(issuer, 'cRLSign')) return { keyId, crls, forged: named.length > 0 }
  for (const crl of named) if (await isCrlSignedBy(crl, issuer.spki, verifier)) crls.push(crl)
  return { keyId, crls, forged: crls.length < named.length }
}
