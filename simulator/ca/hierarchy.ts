import 'reflect-metadata'
import { createPublicKey, KeyObject, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
  type X509Certificate,
} from '@peculiar/x509'
import { toHex, type Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import { stream } from '#simulator/random.ts'
import { keyIdOf, serialFrom } from './identifiers.ts'

/** A certification authority of the simulated world, with its private key. */
export interface Ca {
  /** `root`, `issuing-1`, …: what the ledger and the CRL files call it. */
  readonly name: string
  readonly der: Bytes
  /** DER of its Name, as every certificate under it must repeat it. */
  readonly subject: Bytes
  readonly keyId: Bytes
  readonly key: KeyObject
  /** The same private key for WebCrypto. */
  readonly signingKey: webcrypto.CryptoKey
  /** Into how many lists its revocations are divided; 1: one for all that it issues. */
  readonly partitions: number
}

export interface Hierarchy {
  readonly root: Ca
  /** At least one; each signs device certificates. */
  readonly intermediates: readonly Ca[]
  /** Roots beside the first, that publish lists as well; they come with a rollover. */
  readonly furtherRoots?: readonly Ca[]
}

export interface HierarchyOptions {
  readonly seed: number
  /** Start of the simulated time; authorities are years older and outlive it by years. */
  readonly start: Instant
  readonly intermediates: number
  /** Lists of each issuing CA; one unless given. */
  readonly partitions?: number
}

export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const
export const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const

/** Makes the key pair of the authority of this name. */
export type MakeCaKeys = (name: string) => Promise<webcrypto.CryptoKeyPair>

const generateKeys: MakeCaKeys = () =>
  webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])

/** What differs between authorities. Years are counted from the start of the simulated time. */
const profiles = {
  root: { pathLength: undefined, yearsBefore: 5, yearsAfter: 15 },
  issuing: { pathLength: 0, yearsBefore: 2, yearsAfter: 8 },
} as const

/**
 * A root and its intermediates with new P-256 keys. With `imitated`, names, serials and key
 * identifiers are those of that hierarchy: all that a forger can copy without a private key.
 *
 * @param makeKeys new ones unless given
 */
export async function createHierarchy(
  options: HierarchyOptions,
  imitated?: Hierarchy,
  makeKeys: MakeCaKeys = generateKeys,
): Promise<Hierarchy> {
  const create = async (name: string, issuer: Ca | undefined, keyId: Bytes | undefined) =>
    createCa(name, options, issuer, keyId, await makeKeys(name))
  const root = await create('root', undefined, imitated?.root.keyId)
  const intermediates: Ca[] = []
  for (let number = 1; number <= options.intermediates; number += 1) {
    const keyId = imitated?.intermediates[number - 1]?.keyId
    intermediates.push(await create(`issuing-${number}`, root, keyId))
  }
  return { root, intermediates }
}

async function createCa(
  name: string,
  { seed, start, partitions = 1 }: HierarchyOptions,
  issuer: Ca | undefined,
  imitatedKeyId: Bytes | undefined,
  keys: webcrypto.CryptoKeyPair,
): Promise<Ca> {
  const profile = issuer === undefined ? profiles.root : profiles.issuing
  const keyId = imitatedKeyId ?? keyIdOf(await webcrypto.subtle.exportKey('spki', keys.publicKey))
  const subject = distinguishedName(name)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: toHex(serialFrom(stream(seed, 'serial', name))),
    subject,
    issuer: issuer === undefined ? subject : distinguishedName(issuer.name),
    notBefore: yearsFrom(start, -profile.yearsBefore),
    notAfter: yearsFrom(start, profile.yearsAfter),
    signingAlgorithm,
    publicKey: keys.publicKey,
    signingKey: issuer?.signingKey ?? keys.privateKey,
    extensions: extensionsOf(profile.pathLength, keyId, issuer),
  })
  // What a root issues are a few CAs, and one list names them all.
  return toCa(name, certificate, keyId, keys.privateKey, issuer === undefined ? 1 : partitions)
}

/** What one certificate of an authority differs in from another of the same name and key. */
interface CrossFields {
  /** Hexadecimal. */
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** The same name and key in another certificate, under a root (RFC 5280 3.2: cross-certified). */
export async function crossCertify(
  ca: Ca,
  root: Ca,
  { serial, notBefore, notAfter }: CrossFields,
): Promise<Ca> {
  const spki = createPublicKey(ca.key).export({ type: 'spki', format: 'der' })
  const publicKey = await webcrypto.subtle.importKey('spki', spki, keyAlgorithm, true, ['verify'])
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial,
    subject: distinguishedName(ca.name),
    issuer: distinguishedName(root.name),
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    signingAlgorithm,
    publicKey,
    signingKey: root.signingKey,
    extensions: extensionsOf(profiles.issuing.pathLength, ca.keyId, root),
  })
  return toCa(ca.name, certificate, ca.keyId, ca.signingKey, ca.partitions)
}

/** An authority from its parts, as they are made or read back from files. */
export function toCa(
  name: string,
  certificate: X509Certificate,
  keyId: Bytes,
  signingKey: webcrypto.CryptoKey,
  partitions = 1,
): Ca {
  const der = new Uint8Array(certificate.rawData)
  const subject = new Uint8Array(certificate.subjectName.toArrayBuffer())
  return { name, der, subject, keyId, key: KeyObject.from(signingKey), signingKey, partitions }
}

/** The subject of an authority: `root` becomes `O=Sallyport Fleet, CN=Sallyport Fleet root`. */
export function distinguishedName(name: string): string {
  return `CN=Sallyport Fleet ${name},O=Sallyport Fleet`
}

function yearsFrom(start: Instant, years: number): Date {
  const date = new Date(start)
  date.setUTCFullYear(date.getUTCFullYear() + years)
  return date
}

/** RFC 5280 4.2.1: what makes a certificate one of an authority. */
export function extensionsOf(
  pathLength: number | undefined,
  keyId: Bytes,
  issuer: Ca | undefined,
): Extension[] {
  const extensions = [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    new SubjectKeyIdentifierExtension(toHex(keyId)),
  ]
  if (issuer === undefined) return extensions
  return [...extensions, new AuthorityKeyIdentifierExtension(toHex(issuer.keyId))]
}
