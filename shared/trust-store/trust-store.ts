import { compareBytes, concatBytes, toBase64Url, type Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { nameKey } from '#shared/x509/name.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { RevocationList } from '#shared/revocation/crl-signature.ts'

/** How the maps of a store are asked. */

/** A name and a key that are trusted beforehand (RFC 5280 6.1.1 (d)); may be an intermediate's. */
export interface TrustAnchor {
  readonly subject: Bytes
  readonly spki: Bytes
  readonly certificate: Certificate
}

/** Fixed bounds on what a path may look like, by name; a policy never widens them. */
export interface Limits {
  /** Octets of one certificate. */
  readonly certificateOctetsMax: number
  /** Certificates presented beside the leaf. */
  readonly presentedMax: number
  /** Intermediate certificates between leaf and anchor, self-issued ones not counted (RFC 5280 6.1.4 (l)). */
  readonly intermediatesMax: number
  /** Certificates below the anchor, the leaf and self-issued ones counted, as OpenSSL does; without it any number. */
  readonly pathMax?: number
}

/**
 * ALB's own bounds (its quotas page): CA certificates of 16 KB and a chain depth of four, which the
 * TLS library beneath counts in certificates read from the wire.
 */
export const albLimits: Limits = {
  certificateOctetsMax: 16 * 1024,
  presentedMax: 3,
  intermediatesMax: 3,
  pathMax: 4,
}

/** The default: room for every hierarchy met in the field, small enough to bound a search. */
export const defaultLimits: Limits = {
  certificateOctetsMax: 16 * 1024,
  presentedMax: 10,
  intermediatesMax: 6,
}

/** What a trust store is made from, each part read already. */
export interface TrustStoreParts {
  readonly anchors: readonly Certificate[]
  readonly intermediates: readonly Certificate[]
  readonly crls: readonly RevocationList[]
  /** Certificates that an operator has revoked by word, before any list says so; none unless given. */
  readonly revokedSerials?: readonly RevokedSerial[]
  /** The same of many at once, as a device registry writes them; none unless given. */
  readonly revokedMany?: readonly RevokedMany[]
  readonly epoch: number
  readonly limits: Limits
}

/** One certificate that is revoked by word. */
export interface RevokedSerial {
  /** DER of the issuer's Name. */
  readonly issuer: Bytes
  /** As `albSerial` writes it. */
  readonly serial: string
  readonly since: Instant
}

/** Certificates of one issuer that are revoked by word, asked for one at a time. */
export interface RevokedMany extends RevokedOfIssuer {
  /** DER of the issuer's Name. */
  readonly issuer: Bytes
}

/** Since when a serial is revoked by word, as `albSerial` writes it; undefined where it is not. */
export interface RevokedOfIssuer {
  readonly size: number
  get(serial: string): Instant | undefined
}

/** An immutable snapshot of what is trusted and what is revoked. It is replaced whole, never changed. */
export interface TrustStore {
  readonly epoch: number
  readonly limits: Limits
  /** SHA-256 over anchors and intermediates, base64url: changes when trust does, not when a CRL does. */
  readonly trustHash: string
  readonly anchorsBySubject: ReadonlyMap<string, readonly TrustAnchor[]>
  readonly intermediatesBySubject: ReadonlyMap<string, readonly Certificate[]>
  readonly crlsByIssuer: ReadonlyMap<string, readonly RevocationList[]>
  /** Since when, by `nameKey` of the issuer and serial. */
  readonly revokedSerials: ReadonlyMap<string, RevokedOfIssuer>
}

/** Groups the parts by name, ready to be asked. */
export async function buildTrustStore(parts: TrustStoreParts): Promise<TrustStore> {
  return {
    epoch: parts.epoch,
    limits: parts.limits,
    trustHash: await hashTrust(parts),
    anchorsBySubject: groupBy(
      parts.anchors.map((each) => new CertificateAnchor(each)),
      ({ certificate }) => subjectKey(certificate),
    ),
    intermediatesBySubject: groupBy(parts.intermediates, subjectKey),
    crlsByIssuer: groupBy(parts.crls, (crl) => nameKey(crl.issuer)),
    revokedSerials: bySerial(parts.revokedSerials ?? [], parts.revokedMany ?? []),
  }
}

/**
 * `nameKey` of the subject, of a reading of its own: a certificate keeps the views it is asked for,
 * and no path ever asks most of those in a large store.
 */
function subjectKey(certificate: Certificate): string {
  const again = parseCertificate(certificate.der)
  return nameKey(again.ok ? again.value.subject : certificate.subject)
}

/** An anchor whose name and key are made into views when a path ends at it. */
class CertificateAnchor implements TrustAnchor {
  readonly certificate: Certificate

  constructor(certificate: Certificate) {
    this.certificate = certificate
  }

  get subject(): Bytes {
    return this.certificate.subject
  }

  get spki(): Bytes {
    return this.certificate.spki
  }
}

function bySerial(
  words: readonly RevokedSerial[],
  many: readonly RevokedMany[],
): TrustStore['revokedSerials'] {
  const issuers = new Map<string, RevokedOfIssuer[]>()
  const add = (key: string, revoked: RevokedOfIssuer): void => {
    issuers.set(key, [...(issuers.get(key) ?? []), revoked])
  }
  for (const [key, listed] of groupBy(words, ({ issuer }) => nameKey(issuer))) {
    add(key, new Map(listed.map(({ serial, since }) => [serial, since])))
  }
  for (const each of many) if (each.size > 0) add(nameKey(each.issuer), each)
  return new Map([...issuers].map(([key, all]) => [key, anyOf(all)]))
}

/** One of several, which is asked as it is where it is alone. */
function anyOf(all: readonly RevokedOfIssuer[]): RevokedOfIssuer {
  const [first] = all
  if (first !== undefined && all.length === 1) return first
  return {
    size: all.reduce((sum, { size }) => sum + size, 0),
    get(serial) {
      for (const each of all) {
        const since = each.get(serial)
        if (since !== undefined) return since
      }
      return undefined
    },
  }
}

function groupBy<Each>(all: readonly Each[], keyOf: (each: Each) => string): Map<string, Each[]> {
  const groups = new Map<string, Each[]>()
  for (const each of all) {
    const key = keyOf(each)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [each])
    else group.push(each)
  }
  return groups
}

/** The order of the files does not matter; which part a certificate stands in does. */
async function hashTrust({ anchors, intermediates }: TrustStoreParts): Promise<string> {
  const separator = new Uint8Array(1)
  const ordered = [...sortedDers(anchors), separator, ...sortedDers(intermediates)]
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', concatBytes(...ordered))))
}

function sortedDers(certificates: readonly Certificate[]): Bytes[] {
  return certificates.map(({ der }) => der).toSorted(compareBytes)
}
