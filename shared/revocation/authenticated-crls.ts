import { concatBytes, equalBytes, toBase64Url, type Bytes } from '#shared/bytes.ts'
import { allowsKeyUsage } from '#shared/path/checks/key-usage.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import { nameKey } from '#shared/x509/name.ts'
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
  /** DER of the issuer's Name. */
  readonly name: Bytes
  readonly crls: readonly Crl[]
  /** Others bear its name, and neither its key nor a namesake's of the store may have signed them. */
  readonly forged: boolean
  /** Others bear its name, forged or not: another key may answer (RFC 5280 6.3.3 (f)). */
  readonly elsewhere: boolean
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
  const mayNone = !allowsKeyUsage(issuer, 'cRLSign')
  const rest: Crl[] = []
  for (const crl of named) {
    const isOwn = !mayNone && (await isCrlSignedBy(crl, issuer.spki, verifier))
    ;(isOwn ? crls : rest).push(crl)
  }
  let forged = false
  for (const crl of rest) if (!(await isOfNamesake(crl, issuer, store, verifier))) forged = true
  return { keyId, name: issuer.subject, crls, forged, elsewhere: rest.length > 0 }
}

/** Keys of one name in a store: an old and a new one in a roll-over; twice as many to spare. */
const namesakesMax = 4

/**
 * Whether another CA of the store that bears the issuer's name has signed a list, as after a change
 * of keys. The authority key identifier picks it, where both sides have one (RFC 5280 5.2.1).
 */
async function isOfNamesake(
  crl: Crl,
  issuer: CrlIssuer,
  store: TrustStore,
  verifier: SignatureVerifier,
): Promise<boolean> {
  const key = nameKey(issuer.subject)
  const anchors = (store.anchorsBySubject.get(key) ?? []).map(({ certificate }) => certificate)
  const namesakes = [...anchors, ...(store.intermediatesBySubject.get(key) ?? [])]
    .filter((each) => !equalBytes(each.spki, issuer.spki) && allowsKeyUsage(each, 'cRLSign'))
    .filter((each) => mayBeKeyOf(each, crl))
  for (const { spki } of namesakes.slice(0, namesakesMax)) {
    if (await isCrlSignedBy(crl, spki, verifier)) return true
  }
  return false
}

function mayBeKeyOf({ extensions }: CrlIssuer, { authorityKeyIdentifier }: Crl): boolean {
  const { subjectKeyIdentifier } = extensions
  if (authorityKeyIdentifier === undefined || subjectKeyIdentifier === undefined) return true
  return equalBytes(authorityKeyIdentifier, subjectKeyIdentifier)
}
