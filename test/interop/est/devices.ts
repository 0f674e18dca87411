import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ChallengePasswordAttribute,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  type Attribute,
  type Extension,
  type JsonGeneralNames,
} from '@peculiar/x509'
import { toBase64, type Bytes } from '#shared/bytes.ts'
import { shift, type Instant } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { dayMs } from '../../runtime/given.ts'

export const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export type Algorithm = typeof p256 | webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams

export const newKeys = (algorithm: webcrypto.AlgorithmIdentifier | Algorithm = p256) =>
  webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ]) as Promise<webcrypto.CryptoKeyPair>

/** A CA as an operator has it: what goes into ENROLLMENT and ENROLLMENT_KEYS. */
export interface TestCa {
  readonly pem: string
  readonly der: Bytes
  readonly keys: webcrypto.CryptoKeyPair
  /** PKCS #8, base64. */
  readonly pkcs8: string
}

/** A self-signed CA, ten years old and good for ten more. */
export async function createCa(
  name: string,
  at: Instant,
  algorithm: webcrypto.AlgorithmIdentifier | Algorithm = p256,
): Promise<TestCa> {
  const keys = await newKeys(algorithm)
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '5a01',
    name: `CN=${name}`,
    keys,
    signingAlgorithm: p256,
    notBefore: new Date(shift(at, -3650 * dayMs)),
    notAfter: new Date(shift(at, 3650 * dayMs)),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return caOf(new Uint8Array(certificate.rawData), keys)
}

export interface RequestFields {
  readonly subject: string
  readonly keys?: webcrypto.CryptoKeyPair
  readonly names?: JsonGeneralNames
  readonly extensions?: readonly Extension[]
  readonly attributes?: readonly Attribute[]
}

/** DER of a certification request. */
export async function newRequest(fields: RequestFields): Promise<Bytes> {
  const { subject, names, extensions = [], attributes = [] } = fields
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys: fields.keys ?? (await newKeys()),
    signingAlgorithm: p256,
    extensions: [
      ...(names === undefined ? [] : [new SubjectAlternativeNameExtension(names)]),
      ...extensions,
    ],
    attributes: [...attributes],
  })
  return new Uint8Array(request.rawData)
}

export const challenged = (): Attribute => new ChallengePasswordAttribute('secret')

/** DER of a certificate of a factory: an IDevID, as old as the device. */
export async function factoryCertificate(
  ca: TestCa,
  subject: string,
  keys: webcrypto.CryptoKeyPair,
  at: Instant,
  serialNumber = '7f01',
): Promise<Bytes> {
  const certificate = await X509CertificateGenerator.create({
    serialNumber,
    subject,
    issuer: new X509Certificate(ca.der).subjectName,
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    signingAlgorithm: p256,
    notBefore: new Date(shift(at, -dayMs)),
    notAfter: new Date(shift(at, 3000 * dayMs)),
    extensions: [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)],
  })
  return new Uint8Array(certificate.rawData)
}

/** A CA below another one, for devices alone. */
export async function createIntermediate(root: TestCa, name: string): Promise<TestCa> {
  const keys = await newKeys()
  const above = new X509Certificate(root.der)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '5a02',
    subject: `CN=${name}`,
    issuer: above.subjectName,
    publicKey: keys.publicKey,
    signingKey: root.keys.privateKey,
    signingAlgorithm: p256,
    notBefore: above.notBefore,
    notAfter: above.notAfter,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(root.keys.publicKey),
    ],
  })
  return caOf(new Uint8Array(certificate.rawData), keys)
}

async function caOf(der: Bytes, keys: webcrypto.CryptoKeyPair): Promise<TestCa> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { pem: encodePem('CERTIFICATE', der), der, keys, pkcs8: toBase64(new Uint8Array(pkcs8)) }
}
