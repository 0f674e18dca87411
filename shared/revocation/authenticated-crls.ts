import { concatBytes, equalBytes, toBase64Url, type Bytes } from '#shared/bytes.ts'
import { allowsKeyUsage } from '#shared/path/checks/key-usage.ts'
import type { Soon } from '#shared/soon.ts'
import type { TrustStore } from '#shared/trust-store/trust-store.ts'
import { nameKey } from '#shared/x509/name.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { isCrlSignedBy, type RevocationList } from './crl-signature.ts'
import { serialHash } from './serial-hash.ts'

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
  /** DER of the issuer's Name, as its lists spell it: found to be theirs at once. */
  readonly name: Bytes
  readonly crls: readonly RevocationList[]
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
  /** At once where this issuer was asked for before. */
  of(store: TrustStore, issuer: CrlIssuer): Soon<IssuerCrls>
  /** The same from memory, without a signature; undefined where this issuer was never asked for. */
  known(store: TrustStore, keyId: IssuerKeyId): IssuerCrls | undefined
}

/** An empty memory over a verifier, for one isolate. */
export function createAuthenticatedCrls(verifier: SignatureVerifier): AuthenticatedCrls {
  const byStore = new WeakMap<TrustStore, KnownIssuers>()
  return {
    of(store, issuer) {
      const known = byStore.get(store) ?? createKnownIssuers()
      const before = known.of(issuer)
      if (before !== undefined) return before
      byStore.set(store, known)
      return authenticate(verifier, store, issuer).then((found) => {
        known.keep(issuer, found)
        return found
      })
    },
    known: (store, keyId) => byStore.get(store)?.byId.get(keyId),
  }
}

/** What was found of each issuer of one snapshot. */
interface KnownIssuers {
  readonly byId: ReadonlyMap<IssuerKeyId, IssuerCrls>
  of(issuer: CrlIssuer): IssuerCrls | undefined
  keep(issuer: CrlIssuer, found: IssuerCrls): void
}

/**
 * Remembers by the very object, which costs least, and by what it says, for a presented certificate
 * is read anew at every request. Both are exact: the hash only says where to compare.
 */
function createKnownIssuers(): KnownIssuers {
  const byObject = new WeakMap<CrlIssuer, IssuerCrls>()
  const byHash = new Map<number, { readonly issuer: CrlIssuer; readonly found: IssuerCrls }[]>()
  const byId = new Map<IssuerKeyId, IssuerCrls>()
  return {
    byId,
    of(issuer) {
      const before = byObject.get(issuer)
      if (before !== undefined) return before
      return byHash.get(issuerHash(issuer))?.find((each) => isSame(each.issuer, issuer))?.found
    },
    keep(issuer, found) {
      byObject.set(issuer, found)
      if (byId.has(found.keyId)) return
      byId.set(found.keyId, found)
      const hash = issuerHash(issuer)
      byHash.set(hash, [...(byHash.get(hash) ?? []), { issuer, found }])
    },
  }
}

function issuerHash({ spki }: CrlIssuer): number {
  return serialHash(spki, 0, spki.length)
}

/** What `issuerKeyId` tells apart, and nothing else, must differ here. */
function isSame(a: CrlIssuer, b: CrlIssuer): boolean {
  const isOneName = equalBytes(a.spki, b.spki) && equalBytes(a.subject, b.subject)
  return isOneName && allowsKeyUsage(a, 'cRLSign') === allowsKeyUsage(b, 'cRLSign')
}

/** Who may have signed a list: see `IssuerKeyId` for what it is made of. */
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
): Promise<IssuerCrls> {
  const keyId = await issuerKeyId(issuer)
  const named = store.crlsByIssuer.get(nameKey(issuer.subject)) ?? []
  const crls: RevocationList[] = []
  // RFC 5280 6.3.3 (f): where its key usage is restricted, an issuer may sign CRLs.
  const mayNone = !allowsKeyUsage(issuer, 'cRLSign')
  const rest: RevocationList[] = []
  for (const crl of named) {
    const isOwn = !mayNone && (await isCrlSignedBy(crl, issuer.spki, verifier))
    ;(isOwn ? crls : rest).push(crl)
  }
  let forged = false
  for (const crl of rest) if (!(await isOfNamesake(crl, issuer, store, verifier))) forged = true
  const name = crls[0]?.issuer ?? issuer.subject
  return { keyId, name, crls, forged, elsewhere: rest.length > 0 }
}

/** Keys of one name in a store: an old and a new one in a roll-over; twice as many to spare. */
const namesakesMax = 4

/**
 * Whether another CA of the store that bears the issuer's name has signed a list, as after a change
 * of keys. The authority key identifier picks it, where both sides have one (RFC 5280 5.2.1).
 */
async function isOfNamesake(
  crl: RevocationList,
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

function mayBeKeyOf(
  { extensions }: CrlIssuer,
  { authorityKeyIdentifier }: RevocationList,
): boolean {
  const { subjectKeyIdentifier } = extensions
  if (authorityKeyIdentifier === undefined || subjectKeyIdentifier === undefined) return true
  return equalBytes(authorityKeyIdentifier, subjectKeyIdentifier)
}
